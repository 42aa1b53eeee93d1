import type { Transaction } from "../ledger/transaction.ts";
import type { LineShare } from "../pricing/estimate.ts";
import type { PriceLine } from "../pricing/model.ts";
import type { SettingValues } from "../pricing/priced-line.ts";
import type { PricedRateCard } from "../pricing/priced-rate-card.ts";
import type { Ratio } from "../pricing/ratio.ts";

export type PriceBasis = "EXPECTED" | "MAXIMUM" | "MEASURED";

/** How an amount was computed. */
export type ExplainedPrice = Readonly<{
  modelId: string;
  rateCardVersion: bigint;
  basis: PriceBasis;
  settings: SettingValues;
  usage: Readonly<Record<string, string>>;
  lines: readonly (LineShare & Readonly<{ line: PriceLine }>)[];
  amountMicros: bigint;
  /** Whether the transaction says so too. */
  matches: boolean;
}>;

type Priced = Pick<ExplainedPrice, "basis" | "settings" | "lines" | "amountMicros">;

/**
 * Computes the amount again, from the card and what is stored of the call: an estimate
 * where it was held, the price of what was measured where it was charged (R-PRICE-1).
 * Undefined where the amount was given, or the card prices no such call, which it did.
 */
export function explainPrice(
  { pricing, context, kind, amountMicros }: Transaction,
  card: PricedRateCard | undefined,
): ExplainedPrice | undefined {
  if (pricing === undefined || card === undefined) return undefined;
  const { settings, usage, rateCardVersion } = pricing;
  const modelId = context?.modelId ?? "";
  const call = { modelId, settings, known: new Map(Object.entries(usage)) };
  const priced = kind === "RESERVE" ? estimated(card, call, amountMicros) : measured(card, call);
  if (priced === undefined) return undefined;
  return { modelId, rateCardVersion, usage, ...priced, matches: priced.amountMicros === amountMicros };
}

type Call = Parameters<PricedRateCard["estimate"]>[0];

/** The expected cost, unless it was the maximum that was held (R-HOLD-14). */
function estimated(card: PricedRateCard, call: Call, amountMicros: bigint): Priced | undefined {
  const answer = card.estimate(call);
  if ("refusal" in answer) return undefined;
  const { settings, lines, expectedMicros, maximumMicros } = answer.value;
  const isMaximum = amountMicros === maximumMicros && amountMicros !== expectedMicros;
  const shares = lines.map(({ line, expected, maximum }) => ({ line, ...(isMaximum ? maximum : expected) }));
  return isMaximum
    ? { basis: "MAXIMUM", settings, lines: shares, amountMicros: maximumMicros }
    : { basis: "EXPECTED", settings, lines: shares, amountMicros: expectedMicros };
}

function measured(card: PricedRateCard, call: Call): Priced | undefined {
  const answer = card.priceUsage(call);
  if ("refusal" in answer) return undefined;
  const { settings, lines, amountMicros } = answer.value;
  return { basis: "MEASURED", settings, lines, amountMicros };
}

/**
 * What as many units cost as the line's rate is for, under these settings: with its
 * multipliers, and of tiers what they come to together. Undefined for a quantity of zero.
 */
export function rateOf({ line, quantity, credits }: ExplainedPrice["lines"][number]): Ratio | undefined {
  if (quantity.numerator === 0n) return undefined;
  return {
    numerator: credits.numerator * line.per * quantity.denominator,
    denominator: credits.denominator * quantity.numerator,
  };
}
