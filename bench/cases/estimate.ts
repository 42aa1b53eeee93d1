import { readFileSync } from "node:fs";
import { type Call, PricedRateCard } from "../../src/domain/pricing/priced-rate-card.ts";
import { readRateCardFile } from "../../src/rpc/pricing/rate-card-file.ts";
import { settingsValidator } from "../../src/service/pricing/settings-validator.ts";
import type { Case, CaseResult } from "../case.ts";
import type { Sample } from "../figure.ts";
import type { Ground } from "../ground.ts";
import { measureInTurns, type Subject } from "../measurement.ts";

const CARD = new URL("../../catalogue/rate-card.yaml", import.meta.url);
const ESTIMATES = 50_000;
const RUN_NODES = 1_000;

const CALLS: readonly Call[] = [
  call("gpt-5", { max_tokens: 2000, service_tier: "flex" }, { input_tokens: "1200" }),
  call("claude-sonnet-4-5", { max_tokens: 2000, search_context_size: "low" }, { input_tokens: "210000" }),
  call("gpt-image-1", { n: 4 }, {}),
  call("gemini/veo-3.1-lite-generate-preview", { duration: 7.5, resolution: "1080p" }, {}),
  call("elevenlabs/eleven_v3", {}, { input_characters: "480" }),
];

export const estimate: Case = {
  name: "estimate",
  title:
    "An estimate in process: settings validated, defaults filled in, three exact prices with their lines",
  long: false,
  run,
};

async function run(ground: Ground): Promise<CaseResult> {
  const file = readRateCardFile(readFileSync(CARD, "utf8"), "yaml");
  if (!("models" in file)) throw new Error("The example card can't be read.");
  const card = new PricedRateCard(1n, file, settingsValidator);
  const nodes = Array.from({ length: RUN_NODES }, (_, index) => CALLS[index % CALLS.length] as Call);
  const nodeSubjects = CALLS.map((each) => repeated(each.modelId, ESTIMATES, () => priced(card, each)));
  const runSubject = repeated(`a node of a run of ${RUN_NODES}`, ESTIMATES / RUN_NODES, () =>
    card.estimateRun(nodes),
  );
  const figures = await measureInTurns(ground, [...nodeSubjects, perNode(runSubject)]);
  const slowest = Math.max(...figures.map(({ middle }) => middle.serverMicros ?? Number.NaN));
  const target = { name: "the slowest of these", value: slowest, unit: "us", least: 50, aim: 10 } as const;
  return { figures, targets: [target], checked: [], notes: [] };
}

function priced(card: PricedRateCard, each: Call): void {
  const answer = card.estimate(each);
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
}

function repeated(name: string, times: number, work: () => unknown): Subject {
  const measure = (): Sample => {
    const begin = performance.now();
    for (let index = 0; index < times; index += 1) work();
    return sampleOf((performance.now() - begin) / times);
  };
  return { name, unit: "estimates/s", run: () => Promise.resolve(measure()) };
}

function perNode({ run: runAll, ...subject }: Subject): Subject {
  const each = async (round: number): Promise<Sample> => {
    const { perSecond } = await runAll(round);
    return sampleOf(1_000 / (perSecond * RUN_NODES));
  };
  return { ...subject, run: each };
}

function sampleOf(ms: number): Sample {
  const none = { postgresMicros: undefined, loadMicros: undefined, othersShare: undefined };
  return { ...none, medianMs: undefined, p99Ms: undefined, perSecond: 1_000 / ms, serverMicros: ms * 1_000 };
}

function call(modelId: string, settings: Call["settings"], known: Readonly<Record<string, string>>): Call {
  return { modelId, settings, known: new Map(Object.entries(known)) };
}
