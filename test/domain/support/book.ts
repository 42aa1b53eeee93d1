import { expect } from "chai";
import { canonicalCommand } from "../../../src/domain/ledger/canonical.ts";
import type { Command, Request } from "../../../src/domain/ledger/command.ts";
import type { Debt } from "../../../src/domain/ledger/debt.ts";
import { decide } from "../../../src/domain/ledger/decide.ts";
import type { Plans } from "../../../src/domain/ledger/decision.ts";
import { nextDueTime, recordDue } from "../../../src/domain/ledger/due.ts";
import type { Grant, GrantKind } from "../../../src/domain/ledger/grant.ts";
import { type Changes, Ledger } from "../../../src/domain/ledger/ledger.ts";
import type { Refusal } from "../../../src/domain/ledger/refusal.ts";
import { type Reservation, TIME_TO_LIVE_DEFAULT } from "../../../src/domain/ledger/reservation.ts";
import type { SpendContext } from "../../../src/domain/ledger/spend-context.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { type Catalogue, EMPTY_CATALOGUE } from "../../../src/domain/plans/catalogue.ts";
import { laterOf, type Span, type Time } from "../../../src/domain/time.ts";
import { createCalendar } from "../../../src/service/calendar.ts";
import { sha256 } from "./seal.ts";
import { assertSound } from "./soundness.ts";
import type { StoredState } from "./stored-state.ts";
import { type Amount, balanceText, grantText, lineOf, micros } from "./wording.ts";

/** When every book begins: 2026-11-01T00:00:00Z. */
export const START: Time = 1_793_491_200_000_000n;

/** The part of a ledger that a decision is made on; without a request, what is due is recorded. */
export type View = (ledger: Ledger, request: Request | undefined, now: Time) => Ledger;

/** A command that a test expected to be accepted was not. */
export class NotAccepted extends Error {
  readonly refusal: Refusal | undefined;
  readonly versions: readonly bigint[] | undefined;

  constructor(refusal: Refusal | undefined, versions: readonly bigint[] | undefined) {
    super(refusal ? `refused: ${refusal.reason}` : `unchanged: ${versions}`);
    this.refusal = refusal;
    this.versions = versions;
  }
}

/**
 * One organization's ledger as a test keeps it: a clock that the test sets, ids in
 * sequence, and every command carried out as the service does: what is due first,
 * then the decision, then its changes, and then every invariant is checked.
 *
 * Grants go by their reference and reservations by their node. Commands return the
 * lines of the changes that they made, and throw unless they were accepted;
 * `refusalOf` and `unchangedBy` catch that.
 */
export class Book {
  readonly organizationId = "acme";
  readonly transactions: Transaction[] = [];
  /** Every request that was accepted. */
  readonly requests: Request[] = [];
  ledger = new Ledger(this.organizationId);
  /** What the database's clock shows. */
  clock: Time = START;
  readonly plans: Plans = { calendar: createCalendar(), catalogueAt: (time) => this.catalogueAt(time) };
  readonly #debts = new Map<bigint, Debt>();
  #ids = 0;
  #requestId: string | undefined;
  readonly #view: View;

  constructor(view: View = (ledger) => ledger) {
    this.#view = view;
  }

  /** What is on offer at a time; this book knows nothing of plans. */
  catalogueAt(_time: Time): Catalogue {
    return EMPTY_CATALOGUE;
  }

  /** R-BAL-5. */
  get now(): Time {
    return laterOf(this.clock, this.ledger.account.updateTime);
  }

  /** Sets the clock and records what is due by then. */
  at(time: Time): string[] {
    this.clock = time;
    return this.#recordDue();
  }

  wait(span: Span): string[] {
    return this.at(this.clock + span);
  }

  grant(kind: GrantKind, amount: Amount, reference: string, expireTime?: Time): string[] {
    const amountMicros = micros(amount);
    return this.apply({ kind: "createGrant", grantKind: kind, amountMicros, reference, expireTime });
  }

  void(reference: string, spentBecomesDebt = false, reason = "refund"): string[] {
    return this.apply({ kind: "voidGrant", grantId: this.grantIdOf(reference), spentBecomesDebt, reason });
  }

  reserve(
    nodeId: string,
    amount: Amount,
    timeToLive: Span = TIME_TO_LIVE_DEFAULT,
    context: SpendContext = {},
  ): string[] {
    const amountMicros = micros(amount);
    return this.apply({
      kind: "reserveCredits",
      amountMicros,
      timeToLive,
      context: { nodeId, ...context },
    });
  }

  reserveTogether(...items: readonly (readonly [nodeId: string, amount: Amount])[]): string[] {
    return this.apply({
      kind: "batchReserveCredits",
      items: items.map(([nodeId, amount]) => ({
        amountMicros: micros(amount),
        context: { nodeId, runId: "run" },
        timeToLive: TIME_TO_LIVE_DEFAULT,
      })),
    });
  }

  settle(nodeId: string, amount: Amount): string[] {
    const { reservationId } = this.reservation(nodeId);
    return this.apply({ kind: "settleReservation", reservationId, amountMicros: micros(amount) });
  }

  release(nodeId: string): string[] {
    return this.apply({
      kind: "releaseReservation",
      reservationId: this.reservation(nodeId).reservationId,
    });
  }

  releaseRun(runId: string): string[] {
    return this.apply({ kind: "releaseRun", runId });
  }

  extend(nodeId: string, by: Readonly<{ timeToLive?: Span; amount?: Amount }>): string[] {
    return this.apply({
      kind: "extendReservation",
      reservationId: this.reservation(nodeId).reservationId,
      timeToLive: by.timeToLive,
      additionalAmountMicros: by.amount === undefined ? undefined : micros(by.amount),
    });
  }

  charge(nodeId: string, amount: Amount, allowDebt = false): string[] {
    const amountMicros = micros(amount);
    return this.apply({ kind: "chargeCredits", amountMicros, context: { nodeId }, allowDebt });
  }

  /** Carries a command out. */
  apply(command: Command): string[] {
    const { organizationId } = this;
    const requestId = this.#requestId ?? `request-${this.#ids++}`;
    const fingerprint = sha256(canonicalCommand(command));
    return this.send({ organizationId, requestId, fingerprint, actor: "studio", command });
  }

  /** Carries a request out, be it new or a repetition. */
  send(request: Request): string[] {
    this.#recordDue();
    const ledger = this.#view(this.ledger, request, this.now);
    const decision = decide(ledger, request, {
      now: this.now,
      newId: this.newId,
      plans: this.plans,
    });
    if (decision.outcome === "refused") throw new NotAccepted(decision.refusal, undefined);
    if (decision.outcome === "unchanged") throw new NotAccepted(undefined, decision.versions);
    this.requests.push(request);
    return this.#absorb(decision.changes);
  }

  /** What the commands of `action` do is asked for with this request id. */
  asRequest<T>(requestId: string, action: () => T): T {
    this.#requestId = requestId;
    try {
      return action();
    } finally {
      this.#requestId = undefined;
    }
  }

  /** Why a command is refused; it must change nothing. */
  refusalOf(action: () => unknown): Refusal {
    const { refusal } = this.#notAccepted(action);
    if (refusal === undefined) throw new Error("expected a refusal, but nothing was to be done");
    return refusal;
  }

  /** The changes that had done it before; the command must change nothing and not be refused. */
  unchangedBy(action: () => unknown): readonly bigint[] {
    const { refusal, versions } = this.#notAccepted(action);
    if (versions === undefined) throw new Error(`expected no change, but it was refused: ${refusal?.reason}`);
    return versions;
  }

  reservation(nodeId: string): Reservation {
    return found(
      [...this.ledger.reservations.values()].find((r) => r.context.nodeId === nodeId),
      nodeId,
    );
  }

  grantNamed(reference: string): Grant {
    return found(this.ledger.grants.get(this.ledger.references.get(reference) ?? ""), reference);
  }

  /** The id of a grant, or the name itself where there is no such grant. */
  grantIdOf(reference: string): string {
    return this.ledger.references.get(reference) ?? reference;
  }

  /** What is where, by the reference of each grant. */
  get grants(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.ledger.grants.values()].map((g) => [g.reference, grantText(g)]));
  }

  get balance(): string {
    return balanceText(this.ledger.account.balance);
  }

  /** What is owed, by the change that caused it. */
  get debts(): Readonly<Record<string, bigint>> {
    return Object.fromEntries(
      [...this.ledger.debts.values()].map((d) => [`#${d.version}`, d.incurredMicros - d.paidMicros]),
    );
  }

  get last(): Transaction {
    return found(this.transactions.at(-1), "the last transaction");
  }

  get stored(): StoredState {
    const { account, grants, reservations, subscription } = this.ledger;
    return {
      account,
      subscription,
      grants: [...grants.values()],
      debts: [...this.#debts.values()],
      reservations: [...reservations.values()],
    };
  }

  /** Gives the next id; in sequence, so that they sort as version 7 does. */
  readonly newId = (): string => `01999999-0000-7000-8000-${String(this.#ids++).padStart(12, "0")}`;

  #recordDue(): string[] {
    const ledger = this.#view(this.ledger, undefined, this.now);
    const cycles = { ...this.plans, newId: this.newId, max: 1_000 };
    const lines = this.#absorb(recordDue(ledger, this.now, undefined, cycles));
    const { account } = this.ledger;
    this.ledger.account = { ...account, nextDueTime: nextDueTime(this.ledger, this.now) };
    return lines;
  }

  #absorb(changes: Changes): string[] {
    this.ledger.absorb(changes);
    for (const [version, debt] of changes.debts) this.#debts.set(version, debt);
    this.transactions.push(...changes.transactions);
    assertSound(this.ledger, this.now);
    return changes.transactions.map((transaction) => lineOf(this.ledger, transaction));
  }

  #notAccepted(action: () => unknown): NotAccepted {
    this.#recordDue();
    const before = structuredClone(this.stored);
    try {
      action();
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
      expect(this.stored, "what was not accepted changed nothing").to.deep.equal(before);
      return error;
    }
    throw new Error("expected it not to be accepted, but it was");
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the book has no ${name}`);
  return value;
}
