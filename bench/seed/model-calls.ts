import type { Measures, RateCards } from "../../src/domain/ledger/model-call.ts";
import type { JsonObject, RateCard } from "../../src/domain/pricing/model.ts";
import { PricedRateCard } from "../../src/domain/pricing/priced-rate-card.ts";
import { settingsValidator } from "../../src/service/pricing/settings-validator.ts";

/** A call of a model of the example card: what was known of it before, and what was measured of it. */
export type SampleCall = Readonly<{
  modelId: string;
  settings: JsonObject;
  known: Measures;
  measured: Measures;
}>;

/** Text, images, video and voice, as an agent's run has them. */
export const SAMPLE_CALLS: readonly SampleCall[] = [
  {
    modelId: "gpt-5",
    settings: { max_tokens: 2000, service_tier: "flex" },
    known: { input_tokens: "1200" },
    measured: { input_tokens: "1200", cached_input_tokens: "200", output_tokens: "940" },
  },
  {
    modelId: "gpt-4o-mini",
    settings: { max_tokens: 500 },
    known: { input_tokens: "900" },
    measured: { input_tokens: "900", cached_input_tokens: "0", output_tokens: "310" },
  },
  {
    modelId: "claude-sonnet-4-5",
    settings: { max_tokens: 2000 },
    known: { input_tokens: "2100" },
    measured: {
      input_tokens: "2100",
      output_tokens: "730",
      cached_input_tokens: "0",
      cache_write_tokens: "0",
      cache_write_1h_tokens: "0",
    },
  },
  {
    modelId: "gpt-image-1",
    settings: { n: 1 },
    known: {},
    measured: {
      input_tokens: "90",
      cached_input_tokens: "0",
      input_image_tokens: "0",
      output_image_tokens: "1056",
    },
  },
  {
    modelId: "gemini/veo-3.1-lite-generate-preview",
    settings: { duration: 6, resolution: "720p" },
    known: {},
    measured: { seconds: "6" },
  },
  {
    modelId: "elevenlabs/eleven_v3",
    settings: {},
    known: { input_characters: "480" },
    measured: { input_characters: "512" },
  },
];

/** The one card that all calls of a seeded ledger are priced by. */
export function rateCardsOf(card: RateCard): RateCards {
  const priced = new PricedRateCard(1n, card, settingsValidator);
  return { quoted: () => priced, pinned: () => priced };
}
