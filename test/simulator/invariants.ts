import { assertBalance } from "../../src/domain/ledger/account.ts";
import { canonicalTransaction } from "../../src/domain/ledger/canonical.ts";
import { owedMicros } from "../../src/domain/ledger/debt.ts";
import type { Discrepancy } from "../../src/domain/ledger/discrepancy.ts";
import { isExpired } from "../../src/domain/ledger/grant.ts";
import { Ledger } from "../../src/domain/ledger/ledger.ts";
import { replay } from "../../src/domain/ledger/replay.ts";
import type { CreditState } from "../../src/domain/ledger/transaction.ts";
import { Verifier } from "../../src/domain/ledger/verify.ts";
import type { Time } from "../../src/domain/time.ts";
import { discrepanciesOf } from "../domain/support/stored-state.ts";
import { Difference, same } from "./difference.ts";
import type { Machine } from "./machine.ts";

/** Throws unless what holds after every change does: R-BAL-2, R-GRANT-3, R-GRANT-6, R-GRANT-7, R-PLAN-3. */
export function checkInvariants({ ledger }: Machine, now: Time): void {
  const { balance } = ledger.account;
  const owned = checkGrants(ledger, heldByReservations(ledger, now), now);
  same("R-GRANT-6: subscription", balance.subscriptionMicros, owned.SUBSCRIPTION);
  same("R-GRANT-6: promotional", balance.promotionalMicros, owned.PROMOTIONAL);
  same("R-GRANT-6: purchased", balance.purchasedMicros, owned.PURCHASED);
  same("R-GRANT-6: reserved", balance.reservedMicros, owned.reserved);
  let owed = 0n;
  for (const debt of ledger.debts.values()) owed += owedMicros(debt);
  same("R-GRANT-6: debt", balance.debtMicros, owed);
  assertBalance(balance);
  checkCycle(ledger, now);
}

function heldByReservations(ledger: Ledger, now: Time): ReadonlyMap<string, bigint> {
  const held = new Map<string, bigint>();
  for (const { state, holds, expireTime } of ledger.reservations.values()) {
    if (state !== "HELD") continue;
    if (expireTime <= now) throw new Difference("R-HOLD-7: a hold outlived its time");
    for (const { grantId, amountMicros } of holds)
      held.set(grantId, (held.get(grantId) ?? 0n) + amountMicros);
  }
  return held;
}

function checkGrants(ledger: Ledger, held: ReadonlyMap<string, bigint>, now: Time) {
  const owned = { SUBSCRIPTION: 0n, PROMOTIONAL: 0n, PURCHASED: 0n, reserved: 0n };
  for (const grant of ledger.grants.values()) {
    owned[grant.kind] += grant.freeMicros + grant.heldMicros;
    owned.reserved += grant.heldMicros;
    if (grant.freeMicros > 0n && (grant.voided || isExpired(grant, now)))
      throw new Difference(`R-GRANT-3: free credits in ${grant.reference}, which is gone`);
    same(`R-HOLD-1: held of ${grant.reference}`, grant.heldMicros, held.get(grant.grantId) ?? 0n);
  }
  return owned;
}

function checkCycle({ account: { cycle, nextDueTime } }: Ledger, now: Time): void {
  if (cycle && (cycle.startTime > now || cycle.endTime <= now))
    throw new Difference(`R-PLAN-3: the cycle that ends at ${cycle.endTime} is not the one of ${now}`);
  if (cycle && (nextDueTime === undefined || nextDueTime > cycle.endTime))
    throw new Difference("R-PLAN-3: the boundary is not in sight");
}

/** Throws unless the transactions alone give the same state (R-GRANT-6). */
export function recompute(machine: Machine): void {
  const again = new Ledger("acme");
  for (const transaction of machine.transactions) replay(again, transaction);
  const { account, subscription } = machine.ledger;
  same("replayed version", again.account.version, account.version);
  same("replayed subscription", again.subscription?.version, subscription?.version);
  for (const [name, micros] of Object.entries(again.account.balance))
    same(`replayed ${name}`, micros, account.balance[name as keyof typeof account.balance]);
  for (const grant of again.grants.values()) {
    const stored = machine.grant(grant.grantId);
    const text = `${stored?.freeMicros} ${stored?.heldMicros} ${stored?.consumedMicros} ${stored?.voided}`;
    same(
      `replayed grant ${grant.reference}`,
      `${grant.freeMicros} ${grant.heldMicros} ${grant.consumedMicros} ${grant.voided}`,
      text,
    );
  }
  checkConsumption(machine);
}

/** So few that what changes again is put aside in between. */
const AT_HAND = { reservations: 8, grants: 2 };

/** Throws unless the verification that an operator runs finds nothing (R-HIST-4). */
export function verify(machine: Machine): void {
  const { transactions } = machine;
  const hashes: string[] = [];
  for (const change of transactions) hashes.push(link(hashes.at(-1) ?? "", canonicalTransaction(change)));
  const { account, subscription } = machine.ledger;
  const grants = [...machine.ledger.grants.values(), ...machine.storedGrants.values()];
  const reservations = [...machine.ledger.reservations.values(), ...machine.storedReservations.values()];
  const stored = { account, grants, debts: [...machine.debts.values()], reservations, subscription };
  const verifier = new Verifier("acme", link, { atHand: AT_HAND });
  report(discrepanciesOf(verifier, { transactions, hashes, stored, headHash: hashes.at(-1) ?? "" }));
}

/** A chain that costs nothing: the real one is tested where it is made. */
function link(previous: string, text: string): string {
  return `${(Number(previous || 0) * 31 + text.length) % 1_000_003}`;
}

function report(discrepancies: readonly Discrepancy[]): void {
  const [first] = discrepancies;
  if (first) throw new Difference(`${first.place}: expected ${first.expected}, found ${first.found}`);
}

/** R-HOLD-12: what is consumed is what was charged and not refunded; credits are neither minted nor lost. */
function checkConsumption(machine: Machine): void {
  const movements = machine.transactions.flatMap((transaction) => transaction.movements);
  const through = (place: "from" | "to", state: CreditState) =>
    sum(movements.filter((movement) => movement[place] === state).map(({ amountMicros }) => amountMicros));
  const reservations = machine.reservationIds.flatMap((id) => machine.reservation(id) ?? []);
  const charged = reservations.map((r) => (r.settledMicros ?? 0n) - r.refundedMicros);
  same("R-HOLD-12: consumed", through("to", "CONSUMED") - through("from", "CONSUMED"), sum(charged));
  const grants = [...machine.ledger.grants.values(), ...machine.storedGrants.values()];
  same("R-GRANT-6: granted", through("from", "OUTSIDE"), sum(grants.map(({ amountMicros }) => amountMicros)));
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
