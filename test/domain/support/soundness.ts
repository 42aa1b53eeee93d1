import { expect } from "chai";
import { invariant } from "../../../src/domain/invariant.ts";
import { assertBalance, totalMicros } from "../../../src/domain/ledger/account.ts";
import { owedMicros } from "../../../src/domain/ledger/debt.ts";
import { assertGrant, type GrantKind, isExpired } from "../../../src/domain/ledger/grant.ts";
import type { Ledger } from "../../../src/domain/ledger/ledger.ts";
import type { CreditState, Transaction } from "../../../src/domain/ledger/transaction.ts";
import type { Time } from "../../../src/domain/time.ts";

/** Throws unless everything that holds after every change (R-BAL-2, R-GRANT-3, -6, -7) holds. */
export function assertSound(ledger: Ledger, now: Time): void {
  const { balance } = ledger.account;
  const grants = [...ledger.grants.values()];
  const ownedOf = (kind: GrantKind) =>
    sum(grants.filter((grant) => grant.kind === kind).map((grant) => grant.freeMicros + grant.heldMicros));
  expect(balance, "R-GRANT-6: the balance is the sum over grants and debts").to.deep.equal({
    subscriptionMicros: ownedOf("SUBSCRIPTION"),
    promotionalMicros: ownedOf("PROMOTIONAL"),
    purchasedMicros: ownedOf("PURCHASED"),
    reservedMicros: sum(grants.map((grant) => grant.heldMicros)),
    debtMicros: sum([...ledger.debts.values()].map(owedMicros)),
  });
  assertBalance(balance);
  const held = heldOfGrants(ledger);
  for (const grant of grants) {
    const { grantId, freeMicros, heldMicros } = grant;
    const gone = grant.voided || isExpired(grant, now);
    assertGrant(grant);
    invariant(!gone || freeMicros === 0n, `R-GRANT-3: free credits in ${grantId}, which is gone`);
    invariant(heldMicros === (held.get(grantId) ?? 0n), `R-HOLD-1: ${grantId} is held by nobody`);
  }
}

/** What reservations hold of each grant. */
function heldOfGrants(ledger: Ledger): ReadonlyMap<string, bigint> {
  const held = new Map<string, bigint>();
  for (const { state, holds } of ledger.reservations.values()) {
    if (state !== "HELD") continue;
    for (const { grantId, amountMicros } of holds)
      held.set(grantId, (held.get(grantId) ?? 0n) + amountMicros);
  }
  return held;
}

/** Throws unless every credit that ever entered is in one place, by the movements alone (R-GRANT-6). */
export function assertNothingLost(ledger: Ledger, transactions: readonly Transaction[]): void {
  const movements = transactions.flatMap((transaction) => transaction.movements);
  const through = (state: CreditState) =>
    sum(movements.map((m) => (m.to === state ? m.amountMicros : 0n))) -
    sum(movements.map((m) => (m.from === state ? m.amountMicros : 0n)));
  const { balance } = ledger.account;
  const granted = -through("OUTSIDE");
  const owed = -through("DEBT");
  expect(through("FREE") + through("HELD"), "owned").to.equal(totalMicros(balance));
  expect(through("HELD"), "reserved").to.equal(balance.reservedMicros);
  expect(owed, "incurred - paid").to.equal(balance.debtMicros);
  const placed = ["FREE", "HELD", "CONSUMED", "EXPIRED", "VOIDED"] as const;
  expect(sum(placed.map(through)), "granted + owed").to.equal(granted + owed);
  expect(granted, "granted").to.equal(sum([...ledger.grants.values()].map((grant) => grant.amountMicros)));
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
