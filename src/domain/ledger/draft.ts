import { minMicros, TOTAL_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import { cycleOf, type Subscription } from "../plans/subscription.ts";
import { earlierOf, type Time } from "../time.ts";
import { type Account, assertBalance, availableMicros, type Balance } from "./account.ts";
import { type Debt, owedMicros } from "./debt.ts";
import {
  assertGrant,
  bucketsOf,
  compareSpendOrder,
  emptyGrant,
  type Grant,
  type GrantKind,
  type MadeGrant,
} from "./grant.ts";
import type { Changes, LedgerView } from "./ledger.ts";
import { applyMovementToBalance, applyMovementToGrant, assertMovement } from "./movement.ts";
import { applyToReservation, type Reservation } from "./reservation.ts";
import {
  assertTransaction,
  type CreditState,
  type Movement,
  type Origin,
  type Subject,
  type Transaction,
} from "./transaction.ts";

/**
 * A decision in the making: movements laid over a ledger that stays as it is.
 * `record` closes one change; what was recorded is `changes`. A refused decision
 * throws its draft away.
 */
export class Draft implements Changes {
  readonly grants = new Map<string, Grant>();
  readonly debts = new Map<bigint, Debt>();
  readonly reservations = new Map<string, Reservation>();
  readonly transactions: Transaction[] = [];
  account: Account;
  subscription: Subscription | undefined;
  readonly #ledger: LedgerView;
  #movements: Movement[] = [];
  #balance: Balance;

  constructor(ledger: LedgerView) {
    this.#ledger = ledger;
    this.account = ledger.account;
    this.subscription = ledger.subscription;
    this.#balance = ledger.account.balance;
  }

  get balance(): Balance {
    return this.#balance;
  }

  get availableMicros(): bigint {
    return availableMicros(this.#balance);
  }

  /** The number of the change that is being drafted. */
  get version(): bigint {
    return this.account.version + 1n;
  }

  grant(grantId: string): Grant {
    const grant = this.grants.get(grantId) ?? this.#ledger.grants.get(grantId);
    invariant(grant !== undefined, `grant ${grantId} is not at hand`);
    return grant;
  }

  reservation(reservationId: string): Reservation | undefined {
    return this.reservations.get(reservationId) ?? this.#ledger.reservations.get(reservationId);
  }

  putGrant(grant: Grant): void {
    this.grants.set(grant.grantId, grant);
  }

  /** Puts an empty grant, which movements fill, into the draft. */
  openGrant(made: MadeGrant, createTime: Time): void {
    this.putGrant(emptyGrant(made, createTime, this.version));
  }

  /** The grants that have anything free, of one kind or of all, in spend order. */
  freeGrants(kind?: GrantKind): readonly Grant[] {
    const grants = this.#spendOrder().map((grantId) => this.grant(grantId));
    return grants.filter((grant) => grant.freeMicros > 0n && (kind === undefined || grant.kind === kind));
  }

  /** What is owed, the oldest debt first. */
  owedDebts(): readonly Debt[] {
    return this.#owed().filter((debt) => owedMicros(debt) > 0n);
  }

  /** The grants that suspending names are void; resuming in the same cycle makes them valid again. */
  putSubscription(after: Subscription): void {
    const { suspendedGrantIds: before = [], state } = this.subscription ?? {};
    for (const id of after.suspendedGrantIds) this.putGrant({ ...this.grant(id), voided: true });
    if (state === "PAST_DUE" && after.state === "ACTIVE")
      for (const id of before) this.putGrant({ ...this.grant(id), voided: false });
    this.subscription = after;
  }

  move(movement: Movement): void {
    if (movement.amountMicros === 0n) return;
    assertMovement(movement);
    const grant = movement.grantId === undefined ? undefined : this.grant(movement.grantId);
    if (grant !== undefined) this.putGrant(applyMovementToGrant(grant, movement));
    if (movement.from === "DEBT" || movement.to === "DEBT") this.#moveDebt(movement);
    this.#balance = applyMovementToBalance(this.#balance, grant?.kind, movement);
    this.#movements.push(movement);
  }

  /** Takes up to an amount from what is free, in spend order (R-GRANT-2); returns what was taken. */
  takeFree(amountMicros: bigint, to: "HELD" | "CONSUMED"): bigint {
    let missing = amountMicros;
    for (const grantId of this.#spendOrder()) {
      if (missing === 0n) break;
      const taken = minMicros(this.grant(grantId).freeMicros, missing);
      this.move({ grantId, from: "FREE", to, amountMicros: taken, debtVersion: undefined });
      missing -= taken;
    }
    return amountMicros - missing;
  }

  /** R-GRANT-7: whatever is free pays debt, the oldest first. */
  payDebts(): void {
    if (this.#balance.debtMicros === 0n) return;
    for (const debt of this.#owed()) {
      for (const grantId of this.#spendOrder()) {
        const owed = owedMicros(this.debts.get(debt.version) ?? debt);
        const amountMicros = minMicros(this.grant(grantId).freeMicros, owed);
        this.move({ grantId, from: "FREE", to: "DEBT", amountMicros, debtVersion: debt.version });
      }
    }
  }

  /** Debt arises for work that was done (to CONSUMED) or spent credits taken back (to VOIDED). */
  incurDebt(amountMicros: bigint, to: "CONSUMED" | "VOIDED"): void {
    this.move({ grantId: undefined, from: "DEBT", to, amountMicros, debtVersion: undefined });
  }

  /** Whether so much more debt would exceed what an organization may owe. */
  exceedsDebtLimit(amountMicros: bigint): boolean {
    return this.#balance.debtMicros + amountMicros > TOTAL_MICROS_MAX;
  }

  /** Closes one change: gives it its number, its movements and the balance after it. */
  record(subject: Subject, origin: Origin, recordTime: Time): Transaction {
    const { requestId, fingerprint, actor } = origin;
    const transaction: Transaction = {
      ...subject,
      requestId,
      fingerprint,
      actor,
      organizationId: this.account.organizationId,
      version: this.version,
      recordTime,
      requestOrdinal: requestId === undefined ? 0 : this.transactions.length,
      movements: this.#movements,
      balance: this.#balance,
      grantAfter: subject.grantId === undefined ? undefined : bucketsOf(this.grant(subject.grantId)),
    };
    this.#close(transaction);
    return transaction;
  }

  #close(transaction: Transaction): void {
    const { effectiveTime, expireTime, reservationId } = transaction;
    invariant(effectiveTime >= this.account.updateTime, "R-BAL-5: time fell");
    assertTransaction(transaction);
    this.account = {
      ...this.account,
      version: transaction.version,
      updateTime: effectiveTime,
      balance: transaction.balance,
      nextDueTime: earlierOf(this.account.nextDueTime, expireTime),
    };
    if (transaction.subscriptionAfter) this.#closeSubscription();
    if (reservationId !== undefined) {
      this.reservations.set(reservationId, applyToReservation(this.reservation(reservationId), transaction));
    }
    for (const { grantId, to } of this.#movements) if (grantId !== undefined) this.#closeGrant(grantId, to);
    assertBalance(this.#balance);
    this.transactions.push(transaction);
    this.#movements = [];
  }

  /** What becomes free falls due when its grant does, which nobody may have waited for any more. */
  #closeGrant(grantId: string, to: CreditState): void {
    const grant = this.grant(grantId);
    assertGrant(grant);
    if (to !== "FREE" || grant.expireTime === undefined) return;
    const nextDueTime = earlierOf(this.account.nextDueTime, grant.expireTime);
    if (nextDueTime !== this.account.nextDueTime) this.account = { ...this.account, nextDueTime };
  }

  #closeSubscription(): void {
    const cycle = cycleOf(this.subscription);
    const nextDueTime = earlierOf(this.account.nextDueTime, cycle?.endTime);
    this.account = { ...this.account, cycle, nextDueTime };
  }

  #moveDebt(movement: Movement): void {
    const version = movement.from === "DEBT" ? this.version : movement.debtVersion;
    invariant(version !== undefined, "a payment that names no debt");
    const debt = this.debts.get(version) ?? this.#ledger.debts.get(version);
    const { incurredMicros, paidMicros } = debt ?? { incurredMicros: 0n, paidMicros: 0n };
    const more = movement.amountMicros;
    const incurred = movement.from === "DEBT" ? incurredMicros + more : incurredMicros;
    const paid = movement.to === "DEBT" ? paidMicros + more : paidMicros;
    invariant(paid <= incurred, `debt ${version} is paid more than it was`);
    this.debts.set(version, { version, incurredMicros: incurred, paidMicros: paid });
  }

  #owed(): readonly Debt[] {
    const debts = new Map([...this.#ledger.debts, ...this.debts]);
    return [...debts.values()].sort((left, right) => (left.version < right.version ? -1 : 1));
  }

  #spendOrder(): readonly string[] {
    const unopened = [...this.grants.values()].filter(
      (grant) => !this.#ledger.spendOrder.includes(grant.grantId),
    );
    if (unopened.length === 0) return this.#ledger.spendOrder;
    const grants = [...this.#ledger.spendOrder.map((id) => this.grant(id)), ...unopened];
    return grants.sort(compareSpendOrder).map((grant) => grant.grantId);
  }
}
