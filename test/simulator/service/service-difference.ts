import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Balance } from "../../../gen/pleyor/credits/v1/balance_pb.ts";
import { type Grant, GrantKindSchema, GrantState } from "../../../gen/pleyor/credits/v1/grant_pb.ts";
import { type Reservation, ReservationStateSchema } from "../../../gen/pleyor/credits/v1/reservation_pb.ts";
import {
  BillingPeriodSchema,
  type Subscription,
  SubscriptionStateSchema,
} from "../../../gen/pleyor/credits/v1/subscription_pb.ts";
import { Difference } from "../difference.ts";
import { type Lot, type Place, sizeOf } from "../naive-credits.ts";
import type { NaiveLedger } from "../naive-ledger.ts";
import type { NaiveReservation } from "../naive-reservation.ts";
import { planName } from "../offer.ts";

export function same(what: string, service: unknown, naive: unknown): void {
  if (service !== naive)
    throw new Difference(`${what}: the service has ${service}, the naive model ${naive}`);
}

export function micros(time: Pick<Timestamp, "seconds" | "nanos"> | undefined): number {
  return time ? Number(time.seconds) * 1_000_000 + time.nanos / 1_000 : Number.POSITIVE_INFINITY;
}

export function compareBalance(balance: Balance, naive: NaiveLedger): void {
  same("version", Number(balance.version), naive.version);
  same("update time", micros(balance.updateTime), naive.updated);
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
  same("available", Number(balance.availableMicros), naive.available);
  const { subscription } = naive;
  const ends = subscription?.live ? subscription.ends : Number.POSITIVE_INFINITY;
  same("cycle end of the balance", micros(balance.cycleEndTime), ends);
}

export function compareSubscription(subscription: Subscription | undefined, naive: NaiveLedger): void {
  const { subscription: expected } = naive;
  same("a subscription", subscription !== undefined, expected !== undefined);
  if (!subscription || !expected) return;
  same("state", SubscriptionStateSchema.value[subscription.state]?.localName, expected.state);
  same("plan", subscription.plan?.planId, planName(expected.plan));
  same("period", BillingPeriodSchema.value[subscription.billingPeriod]?.localName, expected.period);
  if (!expected.live) return;
  const { scheduledChange } = subscription;
  same("scheduled by", scheduledChange && Number(scheduledChange.version), expected.schedule?.version);
  same("cycle start", micros(subscription.cycleStartTime), expected.begins);
  same("cycle end", micros(subscription.cycleEndTime), expected.ends);
  same("term end", micros(subscription.termEndTime), expected.termEnds);
  same("cycle skipped", subscription.cycleSkipped, expected.skipped);
}

const BUCKETS: readonly (readonly [keyof Grant, Place])[] = [
  ["freeMicros", "free"],
  ["heldMicros", "held"],
  ["consumedMicros", "spent"],
  ["expiredMicros", "expired"],
  ["voidedMicros", "void"],
];

export function compareGrants(grants: readonly Grant[], lots: readonly Lot[]): void {
  same("grants", grants.length, lots.length);
  const byReference = new Map(grants.map((grant) => [grant.reference, grant]));
  for (const lot of lots) {
    const grant = byReference.get(lot.reference);
    if (!grant) throw new Difference(`grant ${lot.reference}: the service does not have it`);
    for (const [bucket, place] of BUCKETS)
      same(`${bucket} of grant ${lot.reference}`, Number(grant[bucket]), sizeOf(lot, place));
    same(`kind of grant ${lot.reference}`, GrantKindSchema.value[grant.kind]?.localName, lot.kind);
    same(`expiry of grant ${lot.reference}`, micros(grant.expireTime), lot.expires);
    same(`void of grant ${lot.reference}`, grant.state === GrantState.VOIDED, lot.voided);
  }
}

export function compareReservations(
  byId: ReadonlyMap<string, Reservation>,
  ids: readonly string[],
  expected: readonly NaiveReservation[],
): void {
  same("reservations", byId.size, expected.length);
  for (const [number, naive] of expected.entries()) {
    const reservation = byId.get(ids[number] ?? "");
    if (!reservation) throw new Difference(`reservation ${number}: the service does not have it`);
    same(`state of ${number}`, ReservationStateSchema.value[reservation.state]?.localName, naive.state);
    same(`amount of ${number}`, Number(reservation.amountMicros), naive.size);
    same(`charge of ${number}`, Number(reservation.settledMicros ?? 0n), naive.charged);
    same(`refunds of ${number}`, Number(reservation.refundedMicros), naive.refunded);
    same(`debt of ${number}`, Number(reservation.debtMicros), naive.debt);
  }
}
