import { InvariantError } from "../invariant.ts";
import { earlierOf, type Time } from "../time.ts";
import type { Findings } from "./discrepancy.ts";
import type { Ledger } from "./ledger.ts";
import { applyToReservation, type Reservation, versionOf } from "./reservation.ts";
import type { Transaction } from "./transaction.ts";

/** What a reservation went through before the changes at hand. */
export type Earlier = Readonly<{ reservationId: string; versions: readonly bigint[] }>;

/**
 * Compares an organization's reservations with what its changes make of them, in the
 * order of the changes, and keeps only those that will change again.
 *
 * A stored reservation lists its changes. So each change must be listed by the
 * reservation that it names, and at the last one of the list the two are compared. A
 * stored reservation that was not compared is one whose last change does not name
 * it, which storage finds; their number tells whether there are any. So every change and
 * every stored reservation is accounted for, whatever was put aside.
 */
export class ReservationAudit {
  readonly #ledger: Ledger;
  readonly #findings: Findings;
  readonly #most: number;
  readonly #stored = new Map<string, Reservation>();
  /** At their last change: they go when the page of changes ends. */
  readonly #done = new Set<string>();
  /** Amiss, and said so; the number of findings bounds them. */
  readonly #named = new Set<string>();
  #compared = 0;
  #heldUntil: Time | undefined;

  /** Beyond `most` at hand, reservations are put aside for others, and recomputed when they change again. */
  constructor(ledger: Ledger, findings: Findings, most: number) {
    this.#ledger = ledger;
    this.#findings = findings;
    this.#most = most;
  }

  /** How many stored reservations were compared. */
  get compared(): number {
    return this.#compared;
  }

  /** When the first of those that are still held runs out. */
  get heldUntil(): Time | undefined {
    const open = [...this.#ledger.reservations.values()].filter(({ state }) => state === "HELD");
    return open.reduce((first, { expireTime }) => earlierOf(first, expireTime), this.#heldUntil);
  }

  /** The reservations that the changes name and that are not at hand. */
  missing(changes: readonly Transaction[]): readonly string[] {
    const ids = new Set(changes.flatMap(({ reservationId }) => reservationId ?? []));
    return [...ids].filter((id) => !this.#ledger.reservations.has(id));
  }

  /** Puts stored reservations at hand; returns what must be recalled before the changes are applied. */
  bring(stored: readonly Reservation[], changes: readonly Transaction[]): readonly Earlier[] {
    const first = new Map<string, bigint>();
    for (const { reservationId, version } of changes)
      if (reservationId !== undefined && !first.has(reservationId)) first.set(reservationId, version);
    return stored.flatMap((reservation) => {
      const { reservationId } = reservation;
      this.#stored.set(reservationId, reservation);
      const begin = first.get(reservationId) ?? 0n;
      const versions = reservation.versions.filter((version) => version < begin);
      return versions.length === 0 ? [] : [{ reservationId, versions }];
    });
  }

  /** One whose row can't be read: there is nothing to compare. */
  unreadable(reservationId: string, why: string): void {
    if (this.#named.has(reservationId)) return;
    this.#named.add(reservationId);
    this.#findings.add(`reservation ${reservationId}`, "a reservation that can be read", why);
  }

  /** Brings a reservation that was put aside to where it was. */
  recall({ reservationId, versions }: Earlier, changes: readonly Transaction[]): void {
    const own = changes.filter(
      (change) => change.reservationId === reservationId && versions.includes(change.version),
    );
    // Listed changes that are not its own: it comes to nothing here, and is named where it changes.
    if (own.length !== versions.length) return;
    const before = folded(own);
    if (before) this.#ledger.reservations.set(reservationId, before);
  }

  /** Looks at a reservation after a change that was applied. */
  changed({ reservationId, version }: Transaction): void {
    if (reservationId === undefined) return;
    const ours = this.#ledger.reservations.get(reservationId);
    const stored = this.#stored.get(reservationId);
    this.#done.delete(reservationId);
    if (!stored?.versions.includes(version)) {
      this.#name(reservationId, ours, stored);
      return;
    }
    if (versionOf(stored) !== version) return;
    this.#compared += 1;
    this.#name(reservationId, ours, stored);
    this.#done.add(reservationId);
  }

  /** Puts aside what is done, and what has been at hand the longest where there is too much. */
  endPage(): void {
    for (const id of this.#done) {
      const { state, expireTime } = this.#ledger.reservations.get(id) ?? {};
      if (state === "HELD") this.#heldUntil = earlierOf(this.#heldUntil, expireTime);
      this.#putAside(id);
    }
    this.#done.clear();
    for (const id of this.#ledger.reservations.keys()) {
      if (this.#ledger.reservations.size <= this.#most) return;
      // What nothing is stored of could not be recalled.
      if (this.#stored.has(id)) this.#putAside(id);
    }
  }

  /**
   * The end, with how many are stored and those of them whose last change does not name
   * them: asked for only where `compared` is another number.
   */
  finish(storedCount: number, unseen: readonly Reservation[]): void {
    for (const reservation of unseen) {
      const { reservationId } = reservation;
      this.#name(reservationId, this.#ledger.reservations.get(reservationId), reservation);
    }
    if (this.#compared !== storedCount && unseen.length === 0 && this.#named.size === 0)
      this.#findings.add("reservations", `${this.#compared} reservations`, `${storedCount} reservations`);
  }

  #name(reservationId: string, ours: Reservation | undefined, stored: Reservation | undefined): void {
    if (this.#named.has(reservationId)) return;
    const before = this.#findings.count;
    this.#findings.compare(`reservation ${reservationId}`, ours, stored);
    if (this.#findings.count > before) this.#named.add(reservationId);
  }

  #putAside(reservationId: string): void {
    this.#ledger.reservations.delete(reservationId);
    this.#stored.delete(reservationId);
  }
}

/** What changes make of a reservation; undefined where they can't follow each other. */
function folded(changes: readonly Transaction[]): Reservation | undefined {
  try {
    let reservation: Reservation | undefined;
    for (const change of changes) reservation = applyToReservation(reservation, change);
    return reservation;
  } catch (error) {
    if (error instanceof InvariantError) return undefined;
    throw error;
  }
}
