import { AMOUNT_MICROS_MAX } from "../amount.ts";
import { describeLimits, QUANTITY_LIMITS, readDecimal } from "./decimal.ts";
import type { JsonObject, PriceLine } from "./model.ts";
import type { PricedLine, QuantityOf, SettingValues } from "./priced-line.ts";
import { type PricedModel, type QuantityRange, quantityOf } from "./priced-model.ts";
import { add, multiply, type Ratio, wholeRatio, ZERO } from "./ratio.ts";
import type { MeasureFault, PriceRefusal } from "./refusal.ts";
import { show } from "./setting.ts";

/** What is known, or was measured, of a call's usage: decimals by measure. */
export type Usage = ReadonlyMap<string, string>;

/** A line's part of a price; credits are exact, not rounded. */
export type LineShare = Readonly<{ quantity: Ratio; credits: Ratio }>;
export type EstimateLine = Readonly<{
  line: PriceLine;
  minimum: LineShare;
  expected: LineShare;
  maximum: LineShare;
}>;

/** What a call will cost (R-PRICE-3). minimum <= expected <= maximum, because no line falls as usage grows. */
export type Estimate = Readonly<{
  modelId: string;
  settings: SettingValues;
  minimumMicros: bigint;
  expectedMicros: bigint;
  maximumMicros: bigint;
  lines: readonly EstimateLine[];
}>;

/** What a call did cost, by what was measured of it. */
export type UsagePrice = Readonly<{
  modelId: string;
  settings: SettingValues;
  amountMicros: bigint;
  lines: readonly (LineShare & Readonly<{ line: PriceLine }>)[];
}>;

/** A value, or why there is none. */
export type Answer<T> = Readonly<{ value: T }> | Readonly<{ refusal: PriceRefusal }>;

type Bound = keyof QuantityRange;
type PricedShare = Readonly<{ line: PriceLine; share: LineShare; cost: Ratio }>;

/**
 * What a call will cost. What is known of its usage takes the place of what the model declares.
 *
 * Refusals: SETTINGS_INVALID; USAGE_INVALID, for what is known.
 */
export function estimateCost(priced: PricedModel, given: JsonObject, known: Usage): Answer<Estimate> {
  const settings = priced.resolve(given);
  if (isFaults(settings)) return settingsInvalid(priced, settings);
  const usage = readUsage(priced, known);
  if (isFaults(usage)) return usageInvalid(priced, usage);
  const lines = priced.lines.filter((line) => line.applies(settings));
  const unpriced = usage.size === 0 ? [] : unpricedMeasures(priced, lines, usage);
  if (unpriced.length > 0) return usageInvalid(priced, unpriced);
  const ranges = new Map<string, QuantityRange>();
  const rangeOf = (name: string): QuantityRange => {
    const range = ranges.get(name) ?? rangeOfName(priced, settings, usage, name);
    ranges.set(name, range);
    return range;
  };
  const at = (bound: Bound) => price(priced, lines, settings, (name) => rangeOf(name)[bound]);
  const [minimum, expected, maximum] = [at("minimum"), at("expected"), at("maximum")];
  if (maximum.micros > AMOUNT_MICROS_MAX) return tooDear(priced);
  return {
    value: {
      modelId: priced.model.modelId,
      settings,
      minimumMicros: minimum.micros,
      expectedMicros: expected.micros,
      maximumMicros: maximum.micros,
      lines: expected.shares.map((share, index) => ({
        line: share.line,
        minimum: (minimum.shares[index] ?? share).share,
        expected: share.share,
        maximum: (maximum.shares[index] ?? share).share,
      })),
    },
  };
}

/**
 * What a call did cost. Every measure that a line needs under these settings is required; others are refused, unless
 * they are zero (R-PRICE-6).
 *
 * Refusals: SETTINGS_INVALID, USAGE_INVALID.
 */
export function priceUsage(priced: PricedModel, given: JsonObject, measured: Usage): Answer<UsagePrice> {
  const settings = priced.resolve(given);
  if (isFaults(settings)) return settingsInvalid(priced, settings);
  const usage = readUsage(priced, measured);
  if (isFaults(usage)) return usageInvalid(priced, usage);
  const lines = priced.lines.filter((line) => line.applies(settings));
  const unpriced = unpricedMeasures(priced, lines, usage);
  if (unpriced.length > 0) return usageInvalid(priced, unpriced);
  const missing = new Set(
    lines.flatMap(({ names }) => names.filter((name) => priced.hasMeasure(name) && !usage.has(name))),
  );
  if (missing.size > 0) {
    return usageInvalid(
      priced,
      Array.from(missing, (measure) => ({ measure, problem: "missing" })),
    );
  }
  const { micros, shares } = price(
    priced,
    lines,
    settings,
    (name) => usage.get(name) ?? quantityOf(settings, name),
  );
  if (micros > AMOUNT_MICROS_MAX) return tooDear(priced);
  return {
    value: {
      modelId: priced.model.modelId,
      settings,
      amountMicros: micros,
      lines: shares.map(({ line, share }) => ({ line, ...share })),
    },
  };
}

/**
 * What was used without a price under these settings is never free of charge in silence. A measure that no line of the
 * model is paid by, but whose size chooses the tier of another, has none to be missing.
 */
function unpricedMeasures(
  { lines: all }: PricedModel,
  applying: readonly PricedLine[],
  usage: ReadonlyMap<string, Ratio>,
): MeasureFault[] {
  const priced = paidBy(applying);
  const payable = paidBy(all);
  const sized = new Set(applying.flatMap(({ names }) => names));
  const isFine = (measure: string) => priced.has(measure) || (sized.has(measure) && !payable.has(measure));
  return [...usage].flatMap(([measure, { numerator }]) =>
    numerator > 0n && !isFine(measure) ? [{ measure, problem: "has no price with these settings" }] : [],
  );
}

function paidBy(lines: readonly PricedLine[]): ReadonlySet<string> {
  return new Set(lines.flatMap(({ line }) => line.quantity));
}

/** The one computation behind estimates and settlements (R-PRICE-1). */
function price(
  priced: PricedModel,
  lines: readonly PricedLine[],
  settings: SettingValues,
  quantityOfName: QuantityOf,
): { micros: bigint; shares: readonly PricedShare[] } {
  const shares = lines.map((line) => priceLine(priced, line, settings, quantityOfName));
  return { micros: priced.toMicros(shares.reduce((sum, { cost }) => add(sum, cost), ZERO)), shares };
}

function priceLine(
  priced: PricedModel,
  line: PricedLine,
  settings: SettingValues,
  quantityOfName: QuantityOf,
): PricedShare {
  const quantity = line.quantity(quantityOfName);
  const ownCost = line.cost(quantity, quantityOfName, line.factor(settings));
  const credits = { numerator: ownCost.numerator, denominator: ownCost.denominator * line.denominator };
  const cost = multiply(ownCost, wholeRatio(priced.denominator / line.denominator));
  return { line: line.line, share: { quantity, credits }, cost };
}

function rangeOfName(
  priced: PricedModel,
  settings: SettingValues,
  usage: ReadonlyMap<string, Ratio>,
  name: string,
): QuantityRange {
  const known = usage.get(name);
  if (known === undefined && priced.hasMeasure(name)) return priced.range(name, settings);
  const quantity = known ?? quantityOf(settings, name);
  return { minimum: quantity, expected: quantity, maximum: quantity };
}

function readUsage(priced: PricedModel, usage: Usage): ReadonlyMap<string, Ratio> | readonly MeasureFault[] {
  const quantities = new Map<string, Ratio>();
  const faults: MeasureFault[] = [];
  for (const [measure, text] of usage) {
    const quantity = readDecimal(text, QUANTITY_LIMITS);
    if (!priced.hasMeasure(measure)) faults.push({ measure: show(measure), problem: "unknown" });
    else if (quantity === undefined) {
      faults.push({ measure, problem: `${show(text)} is not ${describeLimits(QUANTITY_LIMITS)}` });
    } else quantities.set(measure, quantity);
  }
  return faults.length > 0 ? faults : quantities;
}

function isFaults<F>(value: object | readonly F[]): value is readonly F[] {
  return Array.isArray(value);
}

function settingsInvalid(
  { model: { modelId } }: PricedModel,
  faults: readonly { setting: string; problem: string }[],
) {
  return { refusal: { reason: "SETTINGS_INVALID", modelId, faults } } as const;
}

function usageInvalid({ model: { modelId } }: PricedModel, faults: readonly MeasureFault[]) {
  return { refusal: { reason: "USAGE_INVALID", modelId, faults } } as const;
}

/** What a checked card declares never gets here; what a caller knows or measured can. */
function tooDear(priced: PricedModel) {
  const problem = `the price is above ${AMOUNT_MICROS_MAX} microcredits`;
  return usageInvalid(priced, [{ measure: "", problem }]);
}
