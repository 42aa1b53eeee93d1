import { cycleName } from "./naive-calendar.ts";
import { type Lot, NaiveCredits, sizeOf } from "./naive-credits.ts";
import { type NaiveReservation, newReservation } from "./naive-reservation.ts";
import type { NaiveSubscription } from "./naive-subscription.ts";
import type { Offer } from "./offer.ts";
import type { LotKind } from "./step.ts";

/** `accepted`, `unchanged`, or the reason of the refusal. */
export type NaiveOutcome = string;

export const WEEK = 7 * 86_400_000_000;

type Event = Readonly<{ time: number; order: number; number: number; happen: () => void }>;

/**
 * The rules once more, written from the text alone: one microcredit at a time in
 * small numbers, no transactions, no drafts, and every search from the beginning.
 */
export class NaiveLedger {
  readonly credits = new NaiveCredits();
  readonly reservations: NaiveReservation[] = [];
  readonly held = new Set<NaiveReservation>();
  /** What was asked for under each reference that made no lot. */
  readonly calls = new Map<string, string>();
  readonly offers: { from: number; offer: Offer }[] = [];
  subscription: NaiveSubscription | undefined;
  version = 0;
  updated = 0;
  now = 0;

  /** Lets time pass: what is due happens in its order, each at its time. */
  pass(clock: number): void {
    this.now = Math.max(clock, this.updated);
    for (let event = this.#next(); event; event = this.#next()) {
      this.updated = event.time;
      event.happen();
    }
  }

  offerAt(time: number): Offer {
    const current = this.offers.filter(({ from }) => from <= time).at(-1);
    if (!current) throw new Error("nothing was on offer");
    return current.offer;
  }

  /** One more change, now. */
  changed(): NaiveOutcome {
    this.version += 1;
    this.updated = this.now;
    return "accepted";
  }

  get available(): number {
    return this.credits.free() - this.credits.owed();
  }

  /** Under one reference a payment system is heard once, even if there was nothing to do. */
  called(reference: string | undefined, content: string, act: () => NaiveOutcome): NaiveOutcome {
    if (reference === undefined) return act();
    const earlier = this.calls.get(reference);
    if (earlier !== undefined) return earlier === content ? "unchanged" : "REFERENCE_REUSED";
    if (this.find(reference)) return "REFERENCE_REUSED";
    const outcome = act();
    if (outcome !== "accepted" && outcome !== "unchanged") return outcome;
    this.calls.set(reference, content);
    return outcome === "unchanged" ? this.changed() : outcome;
  }

  add(kind: LotKind, size: number, expires: number, reference: string): Lot {
    const lot = this.credits.add({ kind, size, expires, reference, made: this.now });
    this.credits.pay();
    return lot;
  }

  grant(kind: LotKind, size: number, expires: number, reference: string): NaiveOutcome {
    if (this.calls.has(reference)) return "REFERENCE_REUSED";
    const earlier = this.find(reference);
    if (earlier) return earlier.kind === kind && earlier.size === size ? "unchanged" : "REFERENCE_REUSED";
    if (expires <= this.now) return "EXPIRE_TIME_PASSED";
    this.add(kind, size, expires, reference);
    return this.changed();
  }

  purchase(pack: number | undefined, amount: number, reference: string): NaiveOutcome {
    if (this.calls.has(reference)) return "REFERENCE_REUSED";
    const earlier = this.find(reference);
    const { packs } = this.offerAt(earlier?.made ?? this.now);
    const size = pack === undefined ? amount : packs[pack]?.[0];
    if (size === undefined) return earlier ? "REFERENCE_REUSED" : "PACK_NOT_FOUND";
    return this.grant("PURCHASED", size, Number.POSITIVE_INFINITY, reference);
  }

  refundPurchase(reference: string, debt: boolean): NaiveOutcome {
    const lot = this.find(reference);
    if (lot?.kind !== "PURCHASED") return "PURCHASE_NOT_FOUND";
    return lot.voided && lot.debt === debt ? "unchanged" : this.void(lot, debt);
  }

  void(lot: Lot, debt: boolean): NaiveOutcome {
    if (lot.voided) return "GRANT_VOIDED";
    lot.voided = true;
    lot.debt = debt;
    this.credits.move(lot, sizeOf(lot, "free"), ["free"], ["void"]);
    if (debt) this.credits.owe(this.version + 1, sizeOf(lot, "spent"));
    this.credits.pay();
    return this.changed();
  }

  reserve(sizes: readonly number[], lasting: number, run: number): NaiveOutcome {
    let available = this.available;
    for (const size of sizes) {
      if (size > 0 && size > available) return "INSUFFICIENT_CREDITS";
      available -= size;
    }
    for (const size of sizes) {
      const times = { begun: this.now, expires: this.now + lasting };
      const reservation = newReservation(this.reservations.length, run, times);
      this.reservations.push(reservation);
      this.held.add(reservation);
      this.#hold(reservation, size);
      this.changed();
    }
    return "accepted";
  }

  extend(reservation: NaiveReservation, size: number, lasting: number): NaiveOutcome {
    if (reservation.state !== "HELD") return `RESERVATION_${reservation.state}`;
    const expires = Math.max(reservation.expires, this.now + lasting);
    if (expires > reservation.begun + WEEK) return "TIME_TO_LIVE_EXCEEDED";
    if (size > 0 && size > this.available) return "INSUFFICIENT_CREDITS";
    reservation.expires = expires;
    this.#hold(reservation, size);
    return this.changed();
  }

  settle(reservation: NaiveReservation, size: number): NaiveOutcome {
    if (reservation.state === "RELEASED") return "RESERVATION_RELEASED";
    if (reservation.state === "SETTLED")
      return reservation.charged === size ? "unchanged" : "RESERVATION_SETTLED";
    this.#consume(reservation, size);
    return this.changed();
  }

  charge(size: number, allowDebt: boolean): NaiveOutcome {
    if (!allowDebt && size > 0 && size > this.available) return "INSUFFICIENT_CREDITS";
    const times = { begun: this.now, expires: this.now };
    const reservation = newReservation(this.reservations.length, -1, times);
    this.reservations.push(reservation);
    this.#consume(reservation, size);
    return this.changed();
  }

  release(reservation: NaiveReservation): NaiveOutcome {
    if (reservation.state === "SETTLED") return "RESERVATION_SETTLED";
    if (reservation.state !== "HELD") return "unchanged";
    reservation.state = "RELEASED";
    this.#giveBack(reservation, this.now);
    return this.changed();
  }

  releaseRun(run: number): NaiveOutcome {
    const held = [...this.held].filter((reservation) => reservation.run === run);
    for (const reservation of held) this.release(reservation);
    return held.length > 0 ? "accepted" : this.changed();
  }

  find(reference: string): Lot | undefined {
    return this.credits.byReference.get(reference);
  }

  /** A reference of the ledger's own: where somebody has it already, the next number. */
  unused(reference: string): string {
    if (!this.find(reference)) return reference;
    let number = 2;
    while (this.find(`${reference}/${number}`)) number += 1;
    return `${reference}/${number}`;
  }

  #hold(reservation: NaiveReservation, size: number): void {
    this.credits.take(size, ["held", reservation.number]);
    reservation.size += size;
  }

  #consume(reservation: NaiveReservation, size: number): void {
    const { number, paid } = reservation;
    const version = this.version + 1;
    let left = size;
    let owedAgain = 0;
    for (const lot of this.credits.inOrder("held", number)) {
      const part = Math.min(left, sizeOf(lot, "held", number));
      if (part === 0) continue;
      this.credits.move(lot, part, ["held", number], ["spent", number]);
      paid.push({ lot, size: part });
      if (lot.debt) owedAgain += part;
      left -= part;
    }
    for (const [lot, part] of this.credits.take(left, ["spent", number])) {
      paid.push({ lot, size: part });
      left -= part;
    }
    this.credits.owe(version, left + owedAgain);
    Object.assign(reservation, { state: "SETTLED", charged: size, debt: left, debtVersion: version });
    this.#giveBack(reservation, this.now);
  }

  #giveBack(reservation: NaiveReservation, time: number): void {
    const { number } = reservation;
    this.held.delete(reservation);
    for (const lot of this.credits.inOrder("held", number)) {
      const back = lot.expires <= time ? "expired" : "free";
      this.credits.move(lot, sizeOf(lot, "held", number), ["held", number], [lot.voided ? "void" : back]);
    }
    this.credits.pay();
  }

  /** The earliest thing that is due: holds before lots before the cycle, the oldest first. */
  #next(): Event | undefined {
    const { now, subscription } = this;
    const events: Event[] = [];
    for (const reservation of this.held)
      if (reservation.expires <= now) events.push(this.#holdEvent(reservation));
    const boundary = subscription?.live ? subscription.ends : undefined;
    for (const lot of this.credits.open)
      if (lot.expires <= now && sizeOf(lot, "free") > 0)
        if (lot.kind !== "SUBSCRIPTION" || lot.expires !== boundary) events.push(this.#lotEvent(lot));
    if (subscription && boundary !== undefined && boundary <= now)
      events.push({ time: boundary, order: 2, number: 0, happen: () => this.#turn(subscription, boundary) });
    return events.sort((a, b) => a.time - b.time || a.order - b.order || a.number - b.number)[0];
  }

  #holdEvent(reservation: NaiveReservation): Event {
    const { expires: time, number } = reservation;
    const happen = () => {
      reservation.state = "EXPIRED";
      this.#giveBack(reservation, time);
      this.version += 1;
    };
    return { time, order: 0, number, happen };
  }

  #lotEvent(lot: Lot): Event {
    const happen = () => {
      this.credits.move(lot, sizeOf(lot, "free"), ["free"], ["expired"]);
      this.version += 1;
    };
    return { time: lot.expires, order: 1, number: lot.number, happen };
  }

  #turn(subscription: NaiveSubscription, time: number): void {
    for (const lot of [...this.credits.open])
      if (lot.kind === "SUBSCRIPTION" && lot.expires <= time)
        this.credits.move(lot, sizeOf(lot, "free"), ["free"], ["expired"]);
    subscription.turn(this.offerAt(time));
    this.version += 1;
    if (subscription.state === "ACTIVE") this.giveCycle(subscription, time);
  }

  giveCycle({ credits, begins, ends }: NaiveSubscription, made: number): void {
    if (credits === 0) return;
    const reference = this.unused(cycleName(begins));
    this.credits.add({ kind: "SUBSCRIPTION", size: credits, expires: ends, reference, made });
    this.credits.pay();
  }
}
