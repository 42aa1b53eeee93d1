import type { CostRange, Measures, Pricing } from "../domain/ledger/model-call.ts";
import type { JsonObject } from "../domain/pricing/model.ts";
import type { BulkColumn } from "./bulk.ts";

/** The columns of what was priced, as reservations and transactions both have them. */
export type PricingRow = Readonly<{ rate_card_version: string | null; pricing: string | null }>;

type WithPricing = Readonly<{ pricing?: Pricing }>;
type PricingText = Readonly<{
  settings: JsonObject;
  usage: Measures;
  /** Minimum, expected and maximum, as text: JSON numbers are not exact. */
  estimate?: readonly [string, string, string];
}>;

/** Text rather than jsonb, which can't hold every string of JSON. */
export const PRICING_COLUMNS: readonly BulkColumn<WithPricing>[] = [
  { name: "rate_card_version", array: "bigint", value: ({ pricing }) => pricing?.rateCardVersion ?? null },
  { name: "pricing", array: "text", value: ({ pricing }) => (pricing ? toRowPricing(pricing) : null) },
];

/** What was not priced has no pricing. */
export function fromRowPricing({ rate_card_version, pricing }: PricingRow): { pricing?: Pricing } {
  if (rate_card_version === null || pricing === null) return {};
  const { settings, usage, estimate } = JSON.parse(pricing) as PricingText;
  const range = estimate && fromRowRange(estimate);
  return { pricing: { rateCardVersion: BigInt(rate_card_version), settings, usage, estimate: range } };
}

function toRowPricing({ settings, usage, estimate }: Pricing): string {
  if (estimate === undefined) return JSON.stringify({ settings, usage });
  const { minimumMicros, expectedMicros, maximumMicros } = estimate;
  return JSON.stringify({
    settings,
    usage,
    estimate: [minimumMicros, expectedMicros, maximumMicros].map(String),
  });
}

function fromRowRange([minimum, expected, maximum]: readonly [string, string, string]): CostRange {
  return {
    minimumMicros: BigInt(minimum),
    expectedMicros: BigInt(expected),
    maximumMicros: BigInt(maximum),
  };
}
