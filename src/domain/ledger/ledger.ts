import { invariant } from "../invariant.ts";
import type { Subscription } from "../plans/subscription.ts";
import type { Time } from "../time.ts";
import { type Account, newAccount } from "./account.ts";
import { type Debt, owedMicros } from "./debt.ts";
import { compareSpendOrder, type Grant, isOpen } from "./grant.ts";
import type { Reservation } from "./reservation.ts";
import type { Transaction, TransactionKind } from "./transaction.ts";

/** What is remembered of an accepted request (R-REQ-1, R-REQ-2). */
export type FirstUse = Readonly<{
  fingerprint: string;
  kind: TransactionKind;
  effectiveTime: Time;
  /** The changes that it made, in order. */
  versions: readonly bigint[];
}>;

/** What one decision changed. */
export type Changes = Readonly<{
  account: Account;
  grants: ReadonlyMap<string, Grant>;
  debts: ReadonlyMap<bigint, Debt>;
  reservations: ReadonlyMap<string, Reservation>;
  transactions: readonly Transaction[];
  /** Present where there is one. */
  subscription?: Subscription | undefined;
}>;

/** What a decision may look at; see `Ledger`. */
export type LedgerView = Pick<
  Ledger,
  | "account"
  | "grants"
  | "debts"
  | "reservations"
  | "requests"
  | "references"
  | "requestReferences"
  | "spendOrder"
  | "subscription"
>;

/**
 * The part of one organization's ledger that decisions are made on: its account,
 * every open grant and owed debt, and the reservations, requests, references,
 * closed grants and the subscription that the commands at hand or a boundary need. Decisions read it; only `absorb`
 * changes it, after one was accepted.
 */
export class Ledger {
  account: Account;
  readonly grants = new Map<string, Grant>();
  readonly debts = new Map<bigint, Debt>();
  readonly reservations = new Map<string, Reservation>();
  readonly requests = new Map<string, FirstUse>();
  /** Of grants. */
  readonly references = new Map<string, string>();
  /** Of requests that made no grant for them. */
  readonly requestReferences = new Map<string, FirstUse>();
  subscription: Subscription | undefined;
  #spendOrder: readonly string[] | undefined;

  constructor(account: string | Account) {
    this.account = typeof account === "string" ? newAccount(account) : account;
  }

  absorb(changes: Changes): void {
    this.account = changes.account;
    for (const grant of changes.grants.values()) this.putGrant(grant);
    for (const debt of changes.debts.values()) this.putDebt(debt);
    for (const [id, reservation] of changes.reservations) this.reservations.set(id, reservation);
    for (const transaction of changes.transactions) this.#remember(transaction);
    if (changes.subscription) this.subscription = changes.subscription;
  }

  putGrant(grant: Grant): void {
    const known = this.grants.get(grant.grantId);
    if (known === undefined || isOpen(known) !== isOpen(grant)) this.#spendOrder = undefined;
    this.grants.set(grant.grantId, grant);
    this.references.set(grant.reference, grant.grantId);
  }

  putDebt(debt: Debt): void {
    if (owedMicros(debt) > 0n) this.debts.set(debt.version, debt);
    else this.debts.delete(debt.version);
  }

  /** The ids of the open grants in the order of R-GRANT-2. */
  get spendOrder(): readonly string[] {
    this.#spendOrder ??= [...this.grants.values()]
      .filter(isOpen)
      .sort(compareSpendOrder)
      .map((grant) => grant.grantId);
    return this.#spendOrder;
  }

  #remember(transaction: Transaction): void {
    const { requestId, fingerprint, kind, effectiveTime, version, requestReference } = transaction;
    if (requestId === undefined) return;
    invariant(fingerprint !== undefined, "a request without a fingerprint");
    if (requestReference !== undefined)
      this.requestReferences.set(requestReference, { fingerprint, kind, effectiveTime, versions: [version] });
    const earlier = this.requests.get(requestId);
    const versions = [...(earlier?.versions ?? []), version];
    this.requests.set(
      requestId,
      earlier ? { ...earlier, versions } : { fingerprint, kind, effectiveTime, versions },
    );
  }
}
