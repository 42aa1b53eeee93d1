import type { Grant } from "../../src/domain/ledger/grant.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { Machine } from "./machine.ts";
import { type Lot, type Place, sizeOf } from "./naive-credits.ts";
import type { NaiveLedger } from "./naive-ledger.ts";
import type { NaiveReservation } from "./naive-reservation.ts";
import { planName } from "./offer.ts";

/** The two models disagree, or a rule does not hold. */
export class Difference extends Error {
  override readonly name = "Difference";
}

export function same(what: string, domain: unknown, naive: unknown): void {
  if (domain !== naive) throw new Difference(`${what}: the domain has ${domain}, the naive model ${naive}`);
}

/** Compares what every answer shows, and all that the last step touched. */
export function compareTouched(machine: Machine, naive: NaiveLedger): void {
  compareAccount(machine, naive);
  compareSubscription(machine, naive);
  for (const { grants, reservations } of machine.touched) {
    for (const { grantId, reference } of grants.values())
      compareGrant(machine.grant(grantId), naive.credits.byReference.get(reference));
    for (const id of reservations.keys())
      compareReservation(machine.reservation(id), naive.reservations[machine.numbers.get(id) ?? -1]);
  }
}

/** Compares everything. */
export function compareAll(machine: Machine, naive: NaiveLedger): void {
  compareAccount(machine, naive);
  compareSubscription(machine, naive);
  same("grants", machine.ledger.grants.size + machine.storedGrants.size, naive.credits.lots.length);
  for (const lot of naive.credits.lots)
    compareGrant(machine.grant(machine.ledger.references.get(lot.reference) ?? ""), lot);
  same("reservations", machine.reservationIds.length, naive.reservations.length);
  for (const [number, id] of machine.reservationIds.entries())
    compareReservation(machine.reservation(id), naive.reservations[number]);
}

function compareAccount({ ledger }: Machine, naive: NaiveLedger): void {
  const { version, updateTime, balance } = ledger.account;
  same("version", Number(version), naive.version);
  same("update time", Number(updateTime), naive.updated);
  const sums = { SUBSCRIPTION: 0, PROMOTIONAL: 0, PURCHASED: 0, held: 0 };
  for (const lot of naive.credits.open) {
    const held = sizeOf(lot, "held");
    sums[lot.kind] += held + sizeOf(lot, "free");
    sums.held += held;
  }
  same("subscription", Number(balance.subscriptionMicros), sums.SUBSCRIPTION);
  same("promotional", Number(balance.promotionalMicros), sums.PROMOTIONAL);
  same("purchased", Number(balance.purchasedMicros), sums.PURCHASED);
  same("reserved", Number(balance.reservedMicros), sums.held);
  same("debt", Number(balance.debtMicros), naive.credits.owed());
  if (ledger.debts.size === 0) return;
  const debts = [...ledger.debts.values()].map((d) => `${d.version}:${d.incurredMicros - d.paidMicros}`);
  same(
    "debts",
    debts.sort().join(" "),
    naive.credits.debts
      .map((d) => `${d.version}:${d.owed}`)
      .sort()
      .join(" "),
  );
}

function compareSubscription({ ledger }: Machine, { subscription: naive }: NaiveLedger): void {
  const { subscription } = ledger;
  same("a subscription", subscription !== undefined, naive !== undefined);
  if (!subscription || !naive) return;
  same("subscription state", subscription.state, naive.state);
  same("plan", subscription.plan.planId, planName(naive.plan));
  same("period", subscription.billingPeriod, naive.period);
  const { scheduled } = subscription;
  same("scheduled by", scheduled && Number(scheduled.version), naive.schedule?.version);
  if (subscription.state === "ENDED") return;
  same("cycle start", Number(subscription.cycleStartTime), naive.begins);
  same("cycle end", Number(subscription.cycleEndTime), naive.ends);
  same("cycle in the account", ledger.account.cycle?.endTime, subscription.cycleEndTime);
  same("term end", Number(subscription.termEndTime), naive.termEnds);
  same("cycle skipped", subscription.cycleSkipped, naive.skipped);
}

const BUCKETS: readonly (readonly [keyof Grant, Place])[] = [
  ["freeMicros", "free"],
  ["heldMicros", "held"],
  ["consumedMicros", "spent"],
  ["expiredMicros", "expired"],
  ["voidedMicros", "void"],
];

function compareGrant(grant: Grant | undefined, lot: Lot | undefined): void {
  if (!grant || !lot) throw new Difference(`grant ${grant?.reference ?? lot?.reference}: only one has it`);
  const { reference } = lot;
  for (const [bucket, place] of BUCKETS)
    same(`${bucket} of grant ${reference}`, Number(grant[bucket]), sizeOf(lot, place));
  same(`kind of grant ${reference}`, grant.kind, lot.kind);
  same(`expiry of grant ${reference}`, Number(grant.expireTime ?? Number.POSITIVE_INFINITY), lot.expires);
  same(`void of grant ${reference}`, grant.voided, lot.voided);
}

function compareReservation(reservation: Reservation | undefined, naive: NaiveReservation | undefined): void {
  if (!reservation || !naive) throw new Difference(`reservation ${naive?.number}: only one has it`);
  const what = `of reservation ${naive.number}`;
  same(`state ${what}`, reservation.state, naive.state);
  same(`amount ${what}`, Number(reservation.amountMicros), naive.size);
  same(`charge ${what}`, Number(reservation.settledMicros ?? 0n), naive.charged);
  same(`refunds ${what}`, Number(reservation.refundedMicros), naive.refunded);
  same(`debt ${what}`, Number(reservation.debtMicros), naive.debt);
}
