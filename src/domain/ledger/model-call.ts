import { canonicalJson } from "../pricing/canonical-json.ts";
import type { JsonObject } from "../pricing/model.ts";
import type { PricedRateCard } from "../pricing/priced-rate-card.ts";
import type { RateCardRefusal } from "../pricing/refusal.ts";
import type { Time } from "../time.ts";

/** Decimals by measure, as they were written. */
export type Measures = Readonly<Record<string, string>>;

/** A call that is to be made. `rateCardVersion` is the one of an estimate, if its price is to hold (R-PRICE-4). */
export type ModelCall = Readonly<{
  modelId: string;
  settings: JsonObject;
  knownUsage: Measures;
  rateCardVersion: bigint | undefined;
  /** R-HOLD-14. */
  holdMaximum: boolean;
}>;

/** A call that was made, and what was measured of it. */
export type MeteredCall = Readonly<{
  modelId: string;
  settings: JsonObject;
  usage: Measures;
  rateCardVersion: bigint | undefined;
}>;

/** What the amount of a change was computed from, beside the model, which its context names. */
export type Pricing = Readonly<{
  rateCardVersion: bigint;
  settings: JsonObject;
  /** What was known before the call, or was measured of it. */
  usage: Measures;
  /** Undefined where something was charged. */
  estimate: CostRange | undefined;
}>;

export type CostRange = Readonly<{ minimumMicros: bigint; expectedMicros: bigint; maximumMicros: bigint }>;

/** The rate cards that a decision may price by. */
export type RateCards = Readonly<{
  /**
   * The one that is named, while its price holds, else the current one (R-PRICE-4).
   *
   * Refusals: RATE_CARD_NOT_FOUND, RATE_CARD_STALE.
   */
  quoted: (named: bigint | undefined, now: Time) => PricedRateCard | Readonly<{ refusal: RateCardRefusal }>;
  /** The one that a reservation at hand was priced by. */
  pinned: (version: bigint) => PricedRateCard;
}>;

/** The content of a call (R-REQ-2), beside its tag: not what it costs, which another card may change. */
export function callFields({ modelId, settings, knownUsage, rateCardVersion, holdMaximum }: ModelCall) {
  return [
    modelId,
    canonicalJson(settings),
    measureFields(knownUsage),
    orNull(rateCardVersion),
    `${holdMaximum}`,
  ];
}

export function meteredFields({ modelId, settings, usage, rateCardVersion }: MeteredCall) {
  return [modelId, canonicalJson(settings), measureFields(usage), orNull(rateCardVersion)];
}

export function pricingFields({ rateCardVersion, settings, usage, estimate }: Pricing) {
  const { minimumMicros, expectedMicros, maximumMicros } = estimate ?? {};
  const range = [minimumMicros, expectedMicros, maximumMicros].map(orNull);
  return [`${rateCardVersion}`, canonicalJson(settings), measureFields(usage), range];
}

export function measureFields(measures: Measures): readonly (readonly string[])[] {
  return Object.entries(measures).sort(([left], [right]) => (left < right ? -1 : 1));
}

function orNull(value: bigint | undefined): string | null {
  return value === undefined ? null : `${value}`;
}
