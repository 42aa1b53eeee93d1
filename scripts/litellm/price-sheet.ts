import { isAbove, type Ratio, ZERO } from "../../src/domain/pricing/ratio.ts";
import { readDollars } from "./dollars.ts";
import { Skip } from "./skip.ts";
import { countOf, type Entry, isEntry, type Value } from "./table.ts";

export const SERVICE_TIERS = ["batch", "flex", "priority"] as const;
export type ServiceTier = "standard" | (typeof SERVICE_TIERS)[number];

/** Dollars for one unit: up to a prompt size, and above each of some prompt sizes, smallest first. */
export type Ladder = { base: Ratio | undefined; above: { tokens: bigint; dollars: Ratio }[] };

/** One field's prices in all service tiers. */
export type PriceRow = Map<ServiceTier, Ladder>;

/** The table's prices of one model, by field without its suffixes. */
export type PriceSheet = Map<string, PriceRow>;

const SUFFIX = /^(?<base>.+?)(?:_above_(?<thousands>\d+)k_tokens)?(?:_(?<tier>batches|flex|priority))?$/;
/** What conversions of single kinds read for themselves. */
const OWN_FIELDS = ["search_context_cost_per_query", "tiered_pricing", "code_interpreter_cost_per_session"];
const PRICE = /cost|pric|credit/;

export function isPriceField(field: string): boolean {
  return PRICE.test(field) && !OWN_FIELDS.includes(field);
}

export function readPriceSheet(entry: Entry): PriceSheet {
  const sheet: PriceSheet = new Map();
  for (const [field, value] of Object.entries(entry)) {
    if (!isPriceField(field)) continue;
    const { base = "", thousands, tier } = SUFFIX.exec(field)?.groups ?? {};
    const ladder = ladderOf(sheet, base, tierOf(tier));
    const dollars = readDollars(field, value);
    if (thousands === undefined) ladder.base = dollars;
    else ladder.above.push({ tokens: BigInt(thousands) * 1000n, dollars });
  }
  readTieredPricing(entry, sheet);
  for (const row of sheet.values()) {
    for (const { above } of row.values()) above.sort((left, right) => (left.tokens < right.tokens ? -1 : 1));
  }
  return sheet;
}

/** `tiered_pricing` by ranges of prompt tokens, as if it were spelled with `_above_...k_tokens`. */
function readTieredPricing({ tiered_pricing: tiers }: Entry, sheet: PriceSheet): void {
  if (!Array.isArray(tiers) || !tiers.every((tier) => isEntry(tier) && tier.range !== undefined)) return;
  let end = 0n;
  for (const tier of tiers as Entry[]) {
    const [from, to] = rangeOf(tier.range);
    if (from !== end) throw new Skip("tiered_pricing has gaps or overlaps");
    for (const [field, value] of Object.entries(tier)) {
      if (field === "range") continue;
      const ladder = ladderOf(sheet, field, "standard");
      const dollars = readDollars(`tiered_pricing ${field}`, value);
      if (from === 0n) ladder.base = dollars;
      else ladder.above.push({ tokens: from, dollars });
    }
    end = to;
  }
}

export function rangeOf(range: Value | undefined): [from: bigint, to: bigint] {
  const [from, to] = Array.isArray(range) ? (range as Value[]) : [];
  const end = countOf(to);
  if (end === undefined) throw new Skip("tiered_pricing has a range without an end");
  return [countOf(from) ?? 0n, end];
}

export function ladderOf(sheet: PriceSheet, field: string, tier: ServiceTier): Ladder {
  const row: PriceRow = sheet.get(field) ?? new Map();
  const ladder = row.get(tier) ?? { base: undefined, above: [] };
  sheet.set(field, row.set(tier, ladder));
  return ladder;
}

/** The price of the standard service tier; undefined where there is none. */
export function standardPrice(sheet: PriceSheet, field: string): Ratio | undefined {
  return sheet.get(field)?.get("standard")?.base;
}

/** Whether some price of the row is above zero. */
export function isCharged(row: PriceRow): boolean {
  return [...row.values()].some(({ base = ZERO, above }) =>
    [base, ...above.map(({ dollars }) => dollars)].some((dollars) => isAbove(dollars, ZERO)),
  );
}

export function isSameRow(left: PriceRow, right: PriceRow): boolean {
  return [...left].every(([tier, ladder]) => {
    const other = right.get(tier);
    return other !== undefined && spellLadder(ladder) === spellLadder(other);
  });
}

function spellLadder({ base, above }: Ladder): string {
  const prices = [...(base === undefined ? [] : [{ tokens: 0n, dollars: base }]), ...above];
  return prices.map(({ tokens, dollars }) => `${tokens}:${spell(dollars)}`).join();
}

/** Equal amounts are spelled in many ways; over a common denominator they are one number. */
function spell({ numerator, denominator }: Ratio): string {
  return String((numerator * 10n ** 60n) / denominator);
}

function tierOf(suffix: string | undefined): ServiceTier {
  return suffix === undefined ? "standard" : suffix === "batches" ? "batch" : (suffix as ServiceTier);
}
