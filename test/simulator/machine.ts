import { canonicalCommand } from "../../src/domain/ledger/canonical.ts";
import { type Command, isSubscriptionCommand, type Request } from "../../src/domain/ledger/command.ts";
import { boundaryOf } from "../../src/domain/ledger/cycle.ts";
import type { Debt } from "../../src/domain/ledger/debt.ts";
import { decide } from "../../src/domain/ledger/decide.ts";
import { nextDueTime, recordDue } from "../../src/domain/ledger/due.ts";
import { type Grant, isOpen } from "../../src/domain/ledger/grant.ts";
import { type Changes, Ledger } from "../../src/domain/ledger/ledger.ts";
import type { Refusal } from "../../src/domain/ledger/refusal.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { Transaction } from "../../src/domain/ledger/transaction.ts";
import type { Calendar } from "../../src/domain/plans/calendar.ts";
import { type Catalogue, EMPTY_CATALOGUE } from "../../src/domain/plans/catalogue.ts";
import { laterOf, type Time } from "../../src/domain/time.ts";
import { createCalendar } from "../../src/service/calendar.ts";

/** A fault that is put in on purpose, to see that it is found. */
export type Fault = Readonly<{
  calendar?: (sound: Calendar) => Calendar;
  /** Reads answer without recording what is due. */
  readsWhatIsDue?: boolean;
  /** Changes what was decided, before it counts. */
  tamper?: (ledger: Ledger, changes: Changes) => Changes;
}>;

export type Answer = Readonly<{
  outcome: string;
  refusal: Refusal | undefined;
  changes: Changes | undefined;
  /** Where nothing changed: what had done it before. */
  versions: readonly bigint[];
}>;

const SOUND_CALENDAR = createCalendar();

/**
 * One organization on the pure domain, run as the service runs it: the ledger at
 * hand has what is open and what a command names; all else is stored away.
 */
export class Machine {
  readonly ledger = new Ledger("acme");
  readonly transactions: Transaction[] = [];
  /** By the order in which they began. */
  readonly reservationIds: string[] = [];
  /** Of each reservation, its place in that order. */
  readonly numbers = new Map<string, number>();
  readonly storedGrants = new Map<string, Grant>();
  /** All that there ever were. */
  readonly debts = new Map<bigint, Debt>();
  readonly storedReservations = new Map<string, Reservation>();
  readonly catalogues: Catalogue[] = [];
  readonly calendar: Calendar;
  /** What the last command or what fell due since changed. */
  touched: Changes[] = [];
  lastRequest: Request | undefined;
  /** What was accepted under references of a payment system's own, by the change that it was. */
  readonly callbacks: (readonly [request: Request, version: bigint])[] = [];
  readonly #fault: Fault;
  #ids = 0;
  #pieces = 0;

  constructor(fault: Fault = {}) {
    this.#fault = fault;
    this.calendar = fault.calendar?.(SOUND_CALENDAR) ?? SOUND_CALENDAR;
  }

  /** Records what is due, as a read does, in pieces of several kinds. */
  read(clock: Time): void {
    this.touched = [];
    if (!this.#fault.readsWhatIsDue) this.#recordDue(this.now(clock));
  }

  apply(command: Command, requestId: string, clock: Time): Answer {
    const organizationId = "acme";
    const fingerprint = canonicalCommand(command);
    return this.send({ organizationId, requestId, fingerprint, actor: "simulator", command }, clock);
  }

  send(request: Request, clock: Time): Answer {
    this.#recordDue(this.now(clock));
    const brought = this.#bring(request.command);
    const { calendar, catalogueAt, newId } = this;
    const plans = { calendar, catalogueAt };
    const decision = decide(this.ledger, request, { now: this.now(clock), newId, plans });
    if (decision.outcome === "accepted") {
      this.lastRequest = request;
      if (isSubscriptionCommand(request.command) && request.command.reference !== undefined)
        this.callbacks.push([request, decision.changes.account.version]);
      const { tamper } = this.#fault;
      this.#absorb(tamper ? tamper(this.ledger, decision.changes) : decision.changes);
    }
    this.#putAway(...brought);
    const refusal = decision.outcome === "refused" ? decision.refusal : undefined;
    const changes = decision.outcome === "accepted" ? decision.changes : undefined;
    const versions = decision.outcome === "unchanged" ? decision.versions : [];
    return { outcome: refusal?.reason ?? decision.outcome, refusal, changes, versions };
  }

  now(clock: Time): Time {
    return laterOf(clock, this.ledger.account.updateTime);
  }

  grant(grantId: string): Grant | undefined {
    return this.ledger.grants.get(grantId) ?? this.storedGrants.get(grantId);
  }

  readonly grantIdOf = (reference: string): string => this.ledger.references.get(reference) ?? "";

  reservation(id: string): Reservation | undefined {
    return this.ledger.reservations.get(id) ?? this.storedReservations.get(id);
  }

  readonly catalogueAt = (time: Time): Catalogue =>
    this.catalogues.findLast(({ effectiveTime }) => effectiveTime <= time) ?? EMPTY_CATALOGUE;

  readonly newId = (): string => String(this.#ids++).padStart(9, "0");

  #recordDue(now: Time): void {
    const { ledger } = this;
    // Nothing is due before then; it may be too early, never too late.
    if ((ledger.account.nextDueTime ?? now + 1n) > now) return;
    for (let more = true; more; ) {
      this.#pieces += 1;
      const half = (ledger.account.updateTime + now) / 2n;
      const until = this.#pieces % 3 === 0 && half > ledger.account.updateTime ? half : undefined;
      const max = 1 + (this.#pieces % 4);
      const { calendar, catalogueAt, newId } = this;
      this.#absorb(recordDue(ledger, now, until, { calendar, catalogueAt, newId, max }));
      more = until !== undefined || (boundaryOf(ledger) ?? now + 1n) <= now;
    }
    ledger.account = { ...ledger.account, nextDueTime: nextDueTime(ledger, now) };
  }

  #absorb(changes: Changes): void {
    this.ledger.absorb(changes);
    for (const [version, debt] of changes.debts) this.debts.set(version, debt);
    for (const transaction of changes.transactions) {
      this.transactions.push(transaction);
      const { kind, reservationId } = transaction;
      if (reservationId === undefined || (kind !== "RESERVE" && kind !== "CHARGE")) continue;
      this.numbers.set(reservationId, this.reservationIds.length);
      this.reservationIds.push(reservationId);
    }
    this.touched.push(changes);
    this.#putAway([...changes.grants.keys()], [...changes.reservations.keys()]);
  }

  #putAway(grantIds: readonly string[], reservationIds: readonly string[]): void {
    for (const id of grantIds) {
      const grant = this.ledger.grants.get(id);
      if (!grant || isOpen(grant)) continue;
      this.storedGrants.set(id, grant);
      this.ledger.grants.delete(id);
    }
    for (const id of reservationIds) {
      const reservation = this.ledger.reservations.get(id);
      if (!reservation || reservation.state === "HELD") continue;
      this.storedReservations.set(id, reservation);
      this.ledger.reservations.delete(id);
    }
  }

  /** The grants that a command names, or the current cycle's where it voids them, spent ones too. */
  #namedGrants(command: Command): string[] {
    const { ledger } = this;
    const grantIds = [...(ledger.subscription?.suspendedGrantIds ?? [])];
    if ("grantId" in command) grantIds.push(command.grantId);
    if ("reference" in command) grantIds.push(ledger.references.get(command.reference ?? "") ?? "");
    if (command.kind !== "suspendSubscription" || !command.voidCycle) return grantIds;
    for (const { grantId, kind, expireTime = 0n } of this.storedGrants.values())
      if (kind === "SUBSCRIPTION" && expireTime > ledger.account.updateTime) grantIds.push(grantId);
    return grantIds;
  }

  /** Brings what a command names to hand, as a batch loads it; returns what that was. */
  #bring(command: Command): [grantIds: string[], reservationIds: string[]] {
    const { ledger } = this;
    const grantIds = this.#namedGrants(command);
    const reservationIds: string[] = [];
    if ("reservationId" in command) {
      const { reservationId } = command;
      const reservation = this.storedReservations.get(reservationId);
      if (reservation) ledger.reservations.set(reservationId, reservation);
      this.storedReservations.delete(reservationId);
      reservationIds.push(reservationId);
      if (command.kind === "refundReservation")
        grantIds.push(...(reservation?.payments ?? []).map(({ grantId }) => grantId));
    }
    for (const id of grantIds) {
      const grant = this.storedGrants.get(id);
      if (grant) ledger.putGrant(grant);
      this.storedGrants.delete(id);
    }
    return [grantIds, reservationIds];
  }
}
