/** JSON, as a settings schema and settings are written. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = Readonly<{ [name: string]: Json }>;

/** What a model makes. */
export type ModelKind = "IMAGE" | "VIDEO" | "TEXT" | "AUDIO";

/**
 * Something that a call uses, and what an estimate takes for it. Decimals are
 * text, as they were written.
 */
export type Measure = Readonly<{
  name: string;
  title: string;
  unit: string;
  minimum: string;
  expected: string;
  maximum: string;
  /** Settings that all three are multiplied by. */
  times: readonly string[];
  /** A setting that, where it is given, takes the place of the maximum. */
  limitedBy: string | undefined;
}>;

/** It holds where the setting has one of these values, spelled as in JSON without quotes. */
export type Condition = Readonly<{ setting: string; values: readonly string[] }>;

/** A factor for each value of a setting. */
export type Multiplier = Readonly<{ setting: string; factors: ReadonlyMap<string, string> }>;

/** `upTo` is undefined for the last tier, which has no end. */
export type Tier = Readonly<{ upTo: string | undefined; rate: string }>;

/** WHOLE: all of the quantity at the rate that the size leads to. GRADUATED: each part at its own tier's rate. */
export type TierMode = "WHOLE" | "GRADUATED";

export type Tiers = Readonly<{
  /** Undefined where nothing was said, which is a fault. */
  mode: TierMode | undefined;
  /** Measures and settings whose sum is the size; none: the line's quantity is. */
  size: readonly string[];
  tiers: readonly Tier[];
}>;

/** One line of a price: rate x quantity / per, times its multipliers, where its conditions hold. */
export type PriceLine = Readonly<{
  name: string;
  title: string;
  /** Measures and settings whose product is the quantity; none: once per call. */
  quantity: readonly string[];
  per: bigint;
  price: Readonly<{ rate: string }> | Tiers;
  conditions: readonly Condition[];
  multipliers: readonly Multiplier[];
}>;

export type Model = Readonly<{
  modelId: string;
  title: string;
  /** Undefined where nothing was said, which is a fault. */
  kind: ModelKind | undefined;
  provider: string;
  description: string;
  settingsSchema: JsonObject;
  measures: readonly Measure[];
  lines: readonly PriceLine[];
}>;

/** A set of prices, as somebody wrote it. */
export type RateCard = Readonly<{ title: string; models: readonly Model[] }>;

/** Something that is wrong with a rate card. An empty model id is the card itself. */
export type RateCardFault = Readonly<{ modelId: string; place: string; problem: string }>;

/** Tells a fault of one model, at a place in it such as `lines.output.rate`. */
export type Complain = (place: string, problem: string) => void;

export function tiersOf({ price }: PriceLine): readonly Tier[] {
  return "rate" in price ? [{ upTo: undefined, rate: price.rate }] : price.tiers;
}
