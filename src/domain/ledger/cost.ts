import { invariant } from "../invariant.ts";
import type { Usage } from "../pricing/estimate.ts";
import type { PricedRateCard } from "../pricing/priced-rate-card.ts";
import type { CostRefusal } from "../pricing/refusal.ts";
import type { ChargeCredits, ReserveItem, SettleReservation } from "./command.ts";
import type { Clock } from "./decision.ts";
import type { Measures, Pricing } from "./model-call.ts";
import type { Refusal } from "./refusal.ts";
import type { Reservation } from "./reservation.ts";

/** An amount, and what it was computed from where it was not given. */
export type Cost = Readonly<{ amountMicros: bigint; pricing: Pricing | undefined }>;

const NO_CARDS = "something is priced, and no rate cards are at hand";

type CostAnswer<R = CostRefusal> = Cost | Readonly<{ refusal: R }>;

/**
 * What is to be held: of a call its expected cost, or the maximum if that is asked for (R-HOLD-14).
 *
 * Refusals: RATE_CARD_NOT_FOUND, RATE_CARD_STALE, MODEL_NOT_FOUND, SETTINGS_INVALID, USAGE_INVALID.
 */
export function costOfHold({ call, amountMicros }: ReserveItem, clock: Clock): CostAnswer {
  if (call === undefined) return given(amountMicros);
  const { modelId, settings, knownUsage, holdMaximum } = call;
  const card = quoted(clock, call.rateCardVersion);
  if ("refusal" in card) return card;
  const answer = card.estimate({ modelId, settings, known: usageOf(knownUsage) });
  if ("refusal" in answer) return answer;
  const { minimumMicros, expectedMicros, maximumMicros } = answer.value;
  const estimate = { minimumMicros, expectedMicros, maximumMicros };
  const pricing = { rateCardVersion: card.version, settings, usage: knownUsage, estimate };
  return { amountMicros: holdMaximum ? maximumMicros : expectedMicros, pricing };
}

/** What a call that was made costs. Refusals: as of `costOfHold`. */
export function costOfCharge({ metered, amountMicros }: ChargeCredits, clock: Clock): CostAnswer {
  if (metered === undefined) return given(amountMicros);
  const card = quoted(clock, metered.rateCardVersion);
  return "refusal" in card ? card : costOfUsage(card, metered);
}

/**
 * What a reservation is charged: usage at the card that it was priced by, even if a newer one has come (R-PRICE-4).
 *
 * Refusals: RESERVATION_UNPRICED, USAGE_INVALID.
 */
export function costOfSettle(
  { usage, amountMicros }: SettleReservation,
  reservation: Reservation,
  { rateCards }: Clock,
): CostAnswer<Refusal> {
  if (usage === undefined) return given(amountMicros);
  const { pricing, context } = reservation;
  if (pricing === undefined) return { refusal: { reason: "RESERVATION_UNPRICED", reservation } };
  invariant(rateCards !== undefined, NO_CARDS);
  const { modelId = "" } = context;
  const { rateCardVersion, settings } = pricing;
  return costOfUsage(rateCards.pinned(rateCardVersion), { modelId, settings, usage });
}

function costOfUsage(
  card: PricedRateCard,
  { modelId, settings, usage }: Pick<Pricing, "settings" | "usage"> & { modelId: string },
): CostAnswer {
  const answer = card.priceUsage({ modelId, settings, known: usageOf(usage) });
  if ("refusal" in answer) return answer;
  const { amountMicros } = answer.value;
  return { amountMicros, pricing: { rateCardVersion: card.version, settings, usage, estimate: undefined } };
}

function quoted({ now, rateCards }: Clock, named: bigint | undefined) {
  invariant(rateCards !== undefined, NO_CARDS);
  return rateCards.quoted(named, now);
}

function given(amountMicros: bigint): Cost {
  return { amountMicros, pricing: undefined };
}

function usageOf(measures: Measures): Usage {
  return new Map(Object.entries(measures));
}
