import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { writeDecimal } from "../src/domain/pricing/decimal.ts";
import { type Call, PricedRateCard } from "../src/domain/pricing/priced-rate-card.ts";
import { readRateCardFile } from "../src/rpc/pricing/rate-card-file.ts";
import { settingsValidator } from "../src/service/pricing/settings-validator.ts";

/** What one estimate costs in process: settings validated, defaults filled in, three exact prices with their lines. */
const CALLS: readonly Call[] = [
  call("gpt-5", { max_tokens: 2000, service_tier: "flex" }, { input_tokens: "1200" }),
  call("claude-sonnet-4-5", { max_tokens: 2000, search_context_size: "low" }, { input_tokens: "210000" }),
  call("gpt-image-1", { n: 4 }, {}),
  call("gemini/veo-3.1-lite-generate-preview", { duration: 7.5, resolution: "1080p" }, {}),
  call("elevenlabs/eleven_v3", {}, { input_characters: "480" }),
];
const RUNS = 5;
const ESTIMATES_PER_RUN = 50_000;

const file = readRateCardFile(readFileSync("catalogue/rate-card.yaml", "utf8"), "yaml");
if (!("models" in file)) throw new Error("The example card can't be read.");
const card = new PricedRateCard(1n, file, settingsValidator);

console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
for (const each of CALLS) {
  const answer = card.estimate(each);
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
  const { expectedMicros } = answer.value;
  const credits = writeDecimal({ numerator: expectedMicros, denominator: 1_000_000n }, 6);
  const microseconds = median(Array.from({ length: RUNS }, () => measure(() => card.estimate(each))));
  console.log(
    `${each.modelId.padEnd(40)} ${microseconds.toFixed(1).padStart(6)} us  ${credits} credits expected`,
  );
}
const nodes = Array.from({ length: 1_000 }, (_, index) => CALLS[index % CALLS.length] as Call);
const start = performance.now();
card.estimateRun(nodes);
console.log(`a run of 1,000 nodes ${(performance.now() - start).toFixed(1)} ms`);

function call(modelId: string, settings: Call["settings"], known: Readonly<Record<string, string>>): Call {
  return { modelId, settings, known: new Map(Object.entries(known)) };
}

function measure(estimate: () => unknown): number {
  const begin = performance.now();
  for (let index = 0; index < ESTIMATES_PER_RUN; index += 1) estimate();
  return ((performance.now() - begin) / ESTIMATES_PER_RUN) * 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
