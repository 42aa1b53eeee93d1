import type { Multiplier, PriceLine } from "../../src/domain/pricing/model.ts";
import { isAbove, ZERO } from "../../src/domain/pricing/ratio.ts";
import { type Exchange, toRate, toRates } from "./dollars.ts";
import type { ModelDraft } from "./model-draft.ts";
import {
  isCharged,
  type Ladder,
  type PriceRow,
  type PriceSheet,
  SERVICE_TIERS,
  type ServiceTier,
} from "./price-sheet.ts";
import { Skip } from "./skip.ts";
import { ExactNumber, isEntry } from "./table.ts";
import { UNITS, type Unit } from "./unit.ts";

/** Lines for every row of a cleaned sheet that is a rate for one measure. */
export function addSheetLines(draft: ModelDraft, sheet: PriceSheet, exchange: Exchange): void {
  const unknown = [...sheet.keys()].find((field) => !Object.hasOwn(UNITS, field));
  if (unknown !== undefined) throw new Skip(`${unknown} is not understood`);
  const rows = Object.entries(UNITS).flatMap(([field, unit]) => {
    const row = sheet.get(field);
    return row === undefined ? [] : [{ field, unit, row }];
  });
  const prompt = rows.filter(({ unit }) => unit.isPrompt).map(({ unit }) => unit.measure);
  const tiers = offerServiceTiers(draft, sheet);
  const multipliers = offerMultipliers(draft);
  for (const { unit, row } of rows) {
    const common = { quantity: [draft.measure(unit)], multipliers: unit.unit === "token" ? multipliers : [] };
    for (const tier of tiers) {
      const ladder = ladderIn(row, tier);
      if (ladder === undefined) continue;
      const conditions = tiers.length === 1 ? [] : [{ setting: "service_tier", values: [tier] }];
      draft.line({
        ...common,
        ...nameOf(unit, tier),
        ...priceOf(ladder, unit, prompt, exchange),
        conditions,
      });
    }
  }
}

/** What is free in the standard tier is free in all; else a tier without a whole price has none. */
function ladderIn(row: PriceRow, tier: ServiceTier): Ladder | undefined {
  if (!isCharged(row)) return row.get("standard");
  return isComplete(row, tier) ? row.get(tier) : undefined;
}

function nameOf({ measure, title }: Unit, tier: ServiceTier): Pick<PriceLine, "name" | "title"> {
  return tier === "standard"
    ? { name: measure, title }
    : { name: `${measure}_${tier}`, title: `${title}, ${tier} service` };
}

function priceOf(
  ladder: Ladder,
  unit: Unit,
  prompt: readonly string[],
  exchange: Exchange,
): Pick<PriceLine, "per" | "price"> {
  const { base = ZERO, above } = ladder;
  if (above.length === 0) {
    const { rate, per } = toRate(base, unit.per, exchange);
    return { per, price: { rate } };
  }
  const prices = [base, ...above.map(({ dollars }) => dollars)];
  if (prices.some((price, index) => isAbove(prices[index - 1] ?? ZERO, price))) {
    throw new Skip(`${unit.measure} gets cheaper for longer prompts`);
  }
  const { rates, per } = toRates(prices, unit.per, exchange);
  const tiers = rates.map((rate, index) => ({ upTo: above[index]?.tokens.toString(), rate }));
  return { per, price: { mode: "WHOLE", size: prompt, tiers } };
}

/**
 * The service tiers that the table prices for what every call uses. Where it lacks a price for something rarer, say
 * for cached input in batches, the tier has no line for that, so usage that names it is refused.
 */
function offerServiceTiers(draft: ModelDraft, sheet: PriceSheet): readonly ServiceTier[] {
  const charged = [...sheet].filter(([, row]) => isCharged(row));
  const offered = SERVICE_TIERS.filter((tier) => {
    if (!charged.some(([, row]) => row.has(tier))) return false;
    const gaps = charged.filter(([, row]) => !isComplete(row, tier)).map(([field]) => field);
    const isOffered = !gaps.some((field) => UNITS[field]?.size(draft.entry).expected !== "0");
    if (gaps.length > 0) {
      const why = isOffered ? "offered without" : "not offered, it has no whole price for";
      draft.notes.push(`${tier} service: ${why} ${gaps.join(", ")}`);
    }
    return isOffered;
  });
  if (offered.length === 0) return ["standard"];
  draft.offer("service_tier", "Service tier", ["standard", ...offered]);
  return ["standard", ...offered];
}

function isComplete(row: PriceRow, tier: ServiceTier): boolean {
  const [standard, other] = [row.get("standard"), row.get(tier)];
  const thresholds = (ladder: Ladder | undefined) => ladder?.above.map(({ tokens }) => tokens).join();
  return other?.base !== undefined && thresholds(other) === thresholds(standard);
}

/** Surcharges by where and how fast a model runs, on all tokens of a call. */
function offerMultipliers(draft: ModelDraft): Multiplier[] {
  const { entry } = draft;
  const specific = isEntry(entry.provider_specific_entry) ? entry.provider_specific_entry : {};
  const unknown = Object.keys(specific).find(
    (name) => !["us", "fast", "bedrock_invocation_schema"].includes(name),
  );
  if (unknown !== undefined) throw new Skip(`provider_specific_entry.${unknown} is not understood`);
  const surcharge = (
    name: string,
    title: string,
    usual: string,
    choices: readonly (readonly [string, unknown])[],
  ) => {
    const factors = choices.flatMap(([value, factor]) =>
      factor instanceof ExactNumber ? [[value, factor.source] as const] : [],
    );
    if (factors.length === 0) return [];
    draft.offer(name, title, [usual, ...factors.map(([value]) => value)]);
    return [{ setting: name, factors: new Map([[usual, "1"], ...factors]) }];
  };
  return [
    ...surcharge("processing_region", "Processing region", "global", [
      ["eu", entry.regional_processing_uplift_multiplier_eu],
      ["us", entry.regional_processing_uplift_multiplier_us],
    ]),
    ...surcharge("inference_geo", "Inference geography", "global", [["us", specific.us]]),
    ...surcharge("speed", "Speed", "standard", [["fast", specific.fast]]),
  ];
}
