import type { Ratio } from "../../src/domain/pricing/ratio.ts";
import { type Exchange, readDollars, toRate, toRates } from "./dollars.ts";
import type { ModelDraft } from "./model-draft.ts";
import { type PriceSheet, rangeOf, standardPrice } from "./price-sheet.ts";
import { Skip } from "./skip.ts";
import { type Entry, isEntry } from "./table.ts";
import { UNITS, type Unit } from "./unit.ts";

const SEARCH_SIZES = ["low", "medium", "high"] as const;
/** Their answers always come from a search, so there is no leaving it out. */
const ALWAYS_SEARCHING = ["perplexity"];
/** Providers that are paid for a prompt that searches, however often it does, unless the entry says otherwise. */
const PAID_BY_PROMPT = /^(gemini|vertex_ai-language-models|vertex_ai)$/;

/** Searches of the web that a model makes while it answers, at a price by how much they bring. */
export function addWebSearches(draft: ModelDraft, exchange: Exchange): void {
  const { search_context_cost_per_query: prices, litellm_provider: provider } = draft.entry;
  if (prices === undefined) return;
  if (!isEntry(prices)) throw new Skip("search_context_cost_per_query is not understood");
  const dollars = SEARCH_SIZES.map((size) => {
    const field = `search_context_size_${size}`;
    return readDollars(field, prices[field]);
  });
  const values = ALWAYS_SEARCHING.includes(String(provider)) ? SEARCH_SIZES : ["none", ...SEARCH_SIZES];
  draft.offer("search_context_size", "Web search", values);
  const measure = draft.measure(webSearches(draft.entry));
  for (const [index, size] of SEARCH_SIZES.entries()) {
    const { rate, per } = toRate(dollars[index] as Ratio, 1n, exchange);
    draft.line({
      name: `web_searches_${size}`,
      title: `Web searches that bring ${size} context`,
      quantity: [measure],
      per,
      price: { rate },
      conditions: [{ setting: "search_context_size", values: [size] }],
    });
  }
}

function webSearches({ web_search_billing_unit: unit, litellm_provider: provider }: Entry): Unit {
  if (unit !== undefined && unit !== "per_query" && unit !== "per_prompt") {
    throw new Skip(`web_search_billing_unit ${String(unit)} is not understood`);
  }
  const isByPrompt = unit === "per_prompt" || (unit === undefined && PAID_BY_PROMPT.test(String(provider)));
  return {
    measure: isByPrompt ? "searched_prompts" : "web_searches",
    title: isByPrompt ? "Prompts that searched the web: 0 or 1" : "Web searches",
    unit: isByPrompt ? "prompt" : "search",
    per: 1n,
    isPrompt: false,
    size: () => ({ expected: "1", maximum: isByPrompt ? "1" : "20" }),
  };
}

/** A price for the call itself, beside its tokens. */
export function addRequestPrice(draft: ModelDraft, sheet: PriceSheet, exchange: Exchange): void {
  const dollars = standardPrice(sheet, "input_cost_per_request");
  if (dollars === undefined) return;
  sheet.delete("input_cost_per_request");
  const { rate, per } = toRate(dollars, 1n, exchange);
  draft.line({ name: "request", title: "The call", per, price: { rate } });
}

/** Queries at a price by how many results they ask for. */
export function addQueryTiers(draft: ModelDraft, exchange: Exchange): void {
  const { tiered_pricing: tiers } = draft.entry;
  if (!Array.isArray(tiers) || !tiers.every((tier) => isEntry(tier) && tier.max_results_range !== undefined))
    return;
  const ranges = (tiers as Entry[]).map((tier) => ({ tier, range: rangeOf(tier.max_results_range) }));
  for (const [index, { tier, range }] of ranges.entries()) {
    const end = ranges[index - 1]?.range[1];
    if (end !== undefined && range[0] !== end + 1n) throw new Skip("tiered_pricing has gaps or overlaps");
    if (Object.keys(tier).length !== 2) throw new Skip("tiered_pricing has fields that are not understood");
  }
  const results = { minimum: 1, maximum: Number(ranges.at(-1)?.range[1] ?? 1n), default: 10 };
  draft.setting("max_results", { type: "integer", title: "Most results", ...results });
  const dollars = ranges.map(({ tier }) => readDollars("input_cost_per_query", tier.input_cost_per_query));
  const { rates, per } = toRates(dollars, 1n, exchange);
  draft.line({
    name: "queries",
    title: "Queries, by the number of results",
    quantity: [draft.measure(UNITS.input_cost_per_query as Unit)],
    per,
    price: {
      mode: "WHOLE",
      size: ["max_results"],
      tiers: rates.map((rate, index) => ({
        upTo: index === rates.length - 1 ? undefined : String(ranges[index]?.range[1]),
        rate,
      })),
    },
  });
}
