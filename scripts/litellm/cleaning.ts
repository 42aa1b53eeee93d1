import { isAbove, type Ratio, ZERO } from "../../src/domain/pricing/ratio.ts";
import { isCharged, isSameRow, type PriceSheet, standardPrice } from "./price-sheet.ts";
import { Skip } from "./skip.ts";

/** Dearer than any token that was ever sold: the table means a thousand or a million of them. */
const TOKEN_DOLLARS_MAX: Ratio = { numerator: 1n, denominator: 1_000n };
/** Cheaper than any image that was ever sold: the table means an image's tokens. */
const IMAGE_DOLLARS_MIN: Ratio = { numerator: 5n, denominator: 10_000n };
const INPUT_IMAGE_DOLLARS_MIN: Ratio = { numerator: 1n, denominator: 100_000n };

/** Tells what was left out of an entry, and why that is certain to change no price. */
export type Note = (text: string) => void;

/** Brings a sheet into the form in which every row is one measure of its own; skips what is contradictory. */
export function cleanSheet(sheet: PriceSheet, isGenerating: boolean, note: Note): void {
  dropReferencePrices(sheet, note);
  mergeCacheHits(sheet, note);
  mergeReasoning(sheet);
  dropFreeCacheWrites(sheet, note);
  dropBaseless(sheet, note);
  dropFree(sheet, isGenerating);
  refuseAlternatives(sheet);
  refuseImplausible(sheet);
}

/** Databricks' own unit, beside the same price in dollars. */
function dropReferencePrices(sheet: PriceSheet, note: Note): void {
  for (const field of ["input_dbu_cost_per_token", "output_dbu_cost_per_token"]) {
    if (sheet.delete(field)) note(`${field}: the same price is there in dollars`);
  }
}

function mergeCacheHits(sheet: PriceSheet, note: Note): void {
  const alias = sheet.get("input_cost_per_token_cache_hit");
  if (alias === undefined) return;
  const own = sheet.get("cache_read_input_token_cost");
  if (own !== undefined && !isSameRow(alias, own))
    throw new Skip("two prices for cached input tokens that differ");
  sheet.delete("input_cost_per_token_cache_hit");
  if (own === undefined) sheet.set("cache_read_input_token_cost", alias);
  else note("input_cost_per_token_cache_hit: the same as cache_read_input_token_cost");
}

/** Reasoning that costs what other output costs is output. */
function mergeReasoning(sheet: PriceSheet): void {
  const reasoning = sheet.get("output_cost_per_reasoning_token");
  const output = sheet.get("output_cost_per_token");
  if (reasoning && output && isSameRow(reasoning, output)) sheet.delete("output_cost_per_reasoning_token");
}

/** Where writing to a cache costs nothing extra, the tokens are charged as input, and need no measure of their own. */
function dropFreeCacheWrites(sheet: PriceSheet, note: Note): void {
  const writes = sheet.get("cache_creation_input_token_cost");
  const input = sheet.get("input_cost_per_token");
  if (writes && input && !isCharged(writes) && isCharged(input)) {
    sheet.delete("cache_creation_input_token_cost");
    note("cache_creation_input_token_cost: zero, so what is written to a cache is charged as input");
  }
}

/** A price above a prompt size without one below it: no measure is offered for it, so usage can't name it. */
function dropBaseless(sheet: PriceSheet, note: Note): void {
  for (const [field, row] of sheet) {
    if (row.get("standard")?.base !== undefined) continue;
    sheet.delete(field);
    note(`${field}: not offered, it has no price for every prompt size in the standard service tier`);
  }
}

/** What costs nothing beside something that does needs no measure; tokens do, as calls always report them. */
function dropFree(sheet: PriceSheet, isGenerating: boolean): void {
  const kept = isGenerating
    ? ["input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost"]
    : [];
  if (![...sheet.values()].some(isCharged)) kept.push("input_cost_per_token");
  for (const [field, row] of sheet) {
    if (!isCharged(row) && !kept.includes(field) && sheet.size > 1) sheet.delete(field);
  }
}

function refuseAlternatives(sheet: PriceSheet): void {
  for (const side of ["input", "output"]) {
    if (sheet.has(`${side}_cost_per_character`) && sheet.has(`${side}_cost_per_token`)) {
      throw new Skip(`${side} is priced both by token and by character`);
    }
  }
  if (sheet.has("ocr_cost_per_page") && sheet.has("input_cost_per_token")) {
    throw new Skip("priced both by page and by token");
  }
}

function refuseImplausible(sheet: PriceSheet): void {
  for (const [field, row] of sheet) {
    if (!/token/.test(field)) continue;
    for (const { base = ZERO, above } of row.values()) {
      if (
        [base, ...above.map(({ dollars }) => dollars)].some((dollars) => isAbove(dollars, TOKEN_DOLLARS_MAX))
      ) {
        throw new Skip(`implausible: ${field} is above 1,000 USD per million tokens`);
      }
    }
  }
  refuseBelow(sheet, "output_cost_per_image", IMAGE_DOLLARS_MIN);
  refuseBelow(sheet, "input_cost_per_image", INPUT_IMAGE_DOLLARS_MIN);
}

function refuseBelow(sheet: PriceSheet, field: string, minimum: Ratio): void {
  const price = standardPrice(sheet, field);
  if (price && isAbove(price, ZERO) && isAbove(minimum, price)) {
    throw new Skip(`implausible: ${field} is what a token costs, not an image`);
  }
}
