import { readFileSync } from "node:fs";
import { expect } from "chai";
import { importTable } from "../../scripts/litellm/import.ts";
import { readTable } from "../../scripts/litellm/table.ts";
import { priceUsage } from "../../src/domain/pricing/estimate.ts";
import { PricedRateCard } from "../../src/domain/pricing/priced-rate-card.ts";
import { checkRateCard } from "../../src/domain/pricing/rate-card-check.ts";
import { settingsValidator } from "../../src/service/pricing/settings-validator.ts";
import { SPOTS } from "./litellm-spots.ts";

/** Entries of the table as it spells them, without the fields that say what a model supports. */
const TABLE = readTable(readFileSync("test/scripts/litellm-entries.json", "utf8"));
/** One USD is 1.3 / 0.01 = 130 credits, 130,000,000 microcredits. */
const EXCHANGE = {
  creditUsd: { numerator: 1n, denominator: 100n },
  markup: { numerator: 13n, denominator: 10n },
};

const SKIPPED: readonly (readonly [modelId: string, reason: string])[] = [
  ["bedrock/*/1-month-commitment/cohere.command-text-v14", "no model id"],
  ["bedrock/ap-northeast-1/1-month-commitment/anthropic.claude-v1", "by the second of reserved capacity"],
  ["wandb/openai/gpt-oss-20b", "above 1,000 USD per million tokens"],
  ["gpt-realtime", "what a token costs, not an image"],
  ["text-embedding-005", "both by token and by character"],
  ["multimodalembedding", "is priced both by token and by character"],
  ["fireworks_ai/accounts/fireworks/models/flux-kontext-pro", "without a price per image"],
  ["fireworks-ai-default", "no mode"],
  ["openai/container", "code_interpreter_cost_per_session is not understood"],
  ["gemini-3.1-pro-preview", "output_cost_per_image"],
  ["runwayml/gen4_image", "not a price to rely on"],
  ["runwayml/eleven_multilingual_v2", "not a price to rely on"],
  ["vertex_ai/deepseek-ai/deepseek-ocr-maas", "both by page and by token"],
  ["github_copilot/text-embedding-3-small", "no price"],
];

describe("the import of LiteLLM's table", () => {
  const { card, skipped, notes, free } = importTable(TABLE, EXCHANGE, "test");
  const priced = new PricedRateCard(1n, card, settingsValidator);

  it("makes a card that can be published", () => {
    expect(checkRateCard(card, settingsValidator)).to.equal(undefined);
    expect(card.models.length + skipped.length).to.equal(TABLE.size);
    expect(card.models.map(({ modelId }) => modelId)).to.include.members(SPOTS.map(([modelId]) => modelId));
  });

  for (const [modelId, settings, usage, dollars, micros] of SPOTS) {
    it(`prices ${modelId} ${JSON.stringify(settings)}: ${dollars}`, () => {
      const model = priced.find(modelId);
      const answer = model && priceUsage(model, settings, new Map(Object.entries(usage)));
      expect(answer && "value" in answer ? answer.value.amountMicros : answer).to.equal(micros);
    });
  }

  for (const [modelId, reason] of SKIPPED) {
    it(`skips ${modelId}: ${reason}`, () => {
      expect(skipped.find((remark) => remark.modelId === modelId)?.text).to.include(reason);
    });
  }

  it("skips nothing else", () => {
    expect(skipped.map(({ modelId }) => modelId)).to.have.members(SKIPPED.map(([modelId]) => modelId));
  });

  it("skips an entry with a field that it does not know", () => {
    const entry = { ...TABLE.get("gpt-4o"), fuel_surcharge: true };
    const { skipped: unknown } = importTable(new Map([["gpt-4o", entry]]), EXCHANGE, "test");
    expect(unknown).to.deep.equal([{ modelId: "gpt-4o", text: "fuel_surcharge is not understood" }]);
  });

  it("tells what it gives away, and what it left out", () => {
    expect(free).to.deep.equal(["omni-moderation-latest"]);
    expect(notes).to.deep.include({
      modelId: "gpt-4o",
      text: "batch service: offered without cache_read_input_token_cost",
    });
  });

  it("keeps prices exact where a credit's price divides none of them", () => {
    const third = { ...EXCHANGE, creditUsd: { numerator: 3n, denominator: 100n } };
    const { card: thirds } = importTable(TABLE, third, "test");
    const model = new PricedRateCard(1n, thirds, settingsValidator).find("gpt-4o");
    const usage = new Map([
      ["input_tokens", "3"],
      ["cached_input_tokens", "0"],
      ["output_tokens", "0"],
    ]);
    const answer = model && priceUsage(model, {}, usage);
    // 3 x 2.5e-6 x 1.3 / 0.03 credits are 325 microcredits; a rate that was rounded up would give 326.
    expect(answer && "value" in answer ? answer.value.amountMicros : answer).to.equal(325n);
  });
});
