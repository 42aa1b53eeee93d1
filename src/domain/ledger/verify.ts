import { InvariantError } from "../invariant.ts";
import { cycleOf, type Subscription } from "../plans/subscription.ts";
import type { Account } from "./account.ts";
import { canonicalTransaction } from "./canonical.ts";
import { type Debt, owedMicros } from "./debt.ts";
import type { Grant } from "./grant.ts";
import { Ledger } from "./ledger.ts";
import { replay } from "./replay.ts";
import type { Reservation } from "./reservation.ts";
import type { Transaction } from "./transaction.ts";

/** Something that is not as the transactions say it should be. */
export type Discrepancy = Readonly<{
  organizationId: string;
  /** Where: `transaction 12`, `grant 0199...`, `reservation 0199...`, `account`, `debt 12`. */
  place: string;
  expected: string;
  found: string;
}>;

/** What is stored beside the transactions and must follow from them. */
export type StoredState = Readonly<{
  account: Account;
  grants: readonly Grant[];
  debts: readonly Debt[];
  reservations: readonly Reservation[];
  subscription?: Subscription | undefined;
}>;

/** A digest of canonical text and the hash before it, in hex. */
export type HashLink = (previousHash: string, canonicalText: string) => string;

/**
 * Recomputes an organization from its transactions, fed in order of version, and
 * compares with what is stored (R-GRANT-6, R-HIST-4). After a transaction that
 * can't be applied, the rest can only be checked for its place in the chain.
 */
export class Verifier {
  readonly discrepancies: Discrepancy[] = [];
  readonly #ledger: Ledger;
  readonly #link: HashLink;
  #version = 0n;
  #hash = "";
  #broken = false;

  constructor(organizationId: string, link: HashLink) {
    this.#ledger = new Ledger(organizationId);
    this.#link = link;
  }

  /** The hash of the last transaction; empty before the first. */
  get headHash(): string {
    return this.#hash;
  }

  feed(transaction: Transaction, hash: string): void {
    const place = `transaction ${transaction.version}`;
    this.#version += 1n;
    this.#compare(place, `version ${this.#version}`, `version ${transaction.version}`);
    this.#version = transaction.version;
    this.#compare(place, `hash ${this.#link(this.#hash, canonicalTransaction(transaction))}`, `hash ${hash}`);
    this.#hash = hash;
    if (!this.#broken) this.#replay(transaction, place);
  }

  finish(stored: StoredState, headHash: string): readonly Discrepancy[] {
    this.#compare("account", `head hash ${this.#hash}`, `head hash ${headHash}`);
    if (this.#broken) return this.discrepancies;
    const { account, grants, debts, reservations } = this.#ledger;
    // Too early a due time costs one look; it is no discrepancy, too late is.
    const { nextDueTime: _stored, ...storedAccount } = stored.account;
    const { nextDueTime: _ours, ...ourAccount } = account;
    this.#compare("account", show(ourAccount), show(storedAccount));
    this.#compareAll("grant", grants, keyed(stored.grants, "grantId"));
    this.#compareAll(
      "debt",
      debts,
      keyed(
        stored.debts.filter((debt) => owedMicros(debt) > 0n),
        "version",
      ),
    );
    this.#compare("subscription", show(this.#ledger.subscription), show(stored.subscription));
    this.#compareAll("reservation", reservations, keyed(stored.reservations, "reservationId"));
    this.#checkDueTime(stored.account);
    return this.discrepancies;
  }

  #replay(transaction: Transaction, place: string): void {
    try {
      const again = replay(this.#ledger, transaction);
      this.#compare(place, canonicalTransaction(again), canonicalTransaction(transaction));
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.#broken = true;
      this.#compare(place, "a transaction that can follow", error.message);
    }
  }

  #checkDueTime(account: Account): void {
    const dues = [
      ...[...this.#ledger.grants.values()].filter((grant) => grant.freeMicros > 0n),
      ...[...this.#ledger.reservations.values()].filter(({ state }) => state === "HELD"),
    ].flatMap(({ expireTime }) => (expireTime === undefined ? [] : [expireTime]));
    const boundary = cycleOf(this.#ledger.subscription)?.endTime;
    for (const due of boundary === undefined ? dues : [...dues, boundary]) {
      const late = account.nextDueTime === undefined || account.nextDueTime > due;
      if (late) this.#compare("account", `due by ${due}`, `due by ${account.nextDueTime}`);
    }
  }

  #compareAll<K>(noun: string, ours: ReadonlyMap<K, object>, stored: ReadonlyMap<K, object>): void {
    for (const [key, value] of ours) this.#compare(`${noun} ${key}`, show(value), show(stored.get(key)));
    for (const [key, value] of stored)
      if (!ours.has(key)) this.#compare(`${noun} ${key}`, show(undefined), show(value));
  }

  #compare(place: string, expected: string, found: string): void {
    if (expected === found) return;
    this.discrepancies.push({ organizationId: this.#ledger.account.organizationId, place, expected, found });
  }
}

function keyed<T extends object, K extends keyof T>(values: readonly T[], key: K): ReadonlyMap<T[K], T> {
  return new Map(values.map((value) => [value[key], value]));
}

/** One text for equal values, whatever the order of their fields. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === "bigint") return String(part);
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
