import { setTimeout as sleep } from "node:timers/promises";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import type { Case, CaseResult, Target } from "../case.ts";
import { comparison, type Figure, type Sample } from "../figure.ts";
import type { Ground, Served } from "../ground.ts";
import { Latencies, median } from "../load/latencies.ts";
import { measureInTurns, underLoad } from "../measurement.ts";
import { WatcherCrowd } from "../watcher-crowd.ts";

const WATCHERS = 10_000;
const PER_CONNECTION = 1_000;
const IN_FLIGHT = 64;
/** Several times as long as a watcher may wait under continuous change. */
const DURATION_MS = 6_000;
/** Single changes in a round, each after so long a quiet time that all have been told of the one before. */
const CHANGES = 5;
const QUIET_MS = 2_500;
const WATCHED = "watched";
const BYTES_PER_KB = 1_000;

export const watchers: Case = {
  name: "watchers",
  title: `${WATCHERS.toLocaleString("en")} who watch the balance of one organization, on one server`,
  long: false,
  run,
};

/** What the rounds found beside the spend path: a value for each round, and of the waits one for each change. */
type Findings = Readonly<{
  idleP99Ms: number[];
  idleWorstMs: number[];
  gapP99Ms: number[];
}>;

async function run(ground: Ground): Promise<CaseResult> {
  const database = await ground.database();
  await ground.open(database.url, [WATCHED]);
  const heapKb = await weigh(ground);
  const service = await ground.service(database.url);
  const client = createCreditClient({ transport: "grpc", address: service.grpcAddress });
  const findings: Findings = { idleP99Ms: [], idleWorstMs: [], gapP99Ms: [] };
  const unit = "calls/s";
  const figures = await measureInTurns(ground, [
    { name: "reserve and settle, nobody watches", unit, run: (round) => spend(ground, service, round) },
    {
      name: "reserve and settle beside the watchers",
      unit,
      run: (round) => besideCrowd(ground, service, client, { round, findings }),
    },
  ]).finally(() => client.close());
  const worst = Math.round(Math.max(...findings.idleWorstMs));
  return {
    figures,
    targets: targetsOf(heapKb, findings, figures),
    checked: [await ground.check("the service", database)],
    notes: [
      `Of ${findings.idleP99Ms.length} single changes the slowest reached its last watcher after ${worst} ms.`,
      "The watchers share the machine with what they measure: part of the cost in calls a second is their own CPU.",
      "What they are told costs so much a second, whatever the calls: fewer calls make its share larger, by CPU too.",
    ],
  };
}

/**
 * What a watcher takes up, in a process of its own: to weigh is to collect all garbage. In the seconds after it, V8's helpers
 * took 17 % of a processor, and 8 % without, which is no cost of watchers.
 */
async function weigh(ground: Ground): Promise<readonly number[]> {
  const database = await ground.database();
  await ground.open(database.url, [WATCHED]);
  const service = await ground.weighedService(database.url);
  const heapKb: number[] = [];
  for (let round = -1; round < ground.rounds; round += 1) {
    const crowd = new WatcherCrowd();
    try {
      const before = await service.heapBytes();
      await crowd.join(service.grpcAddress, WATCHED, WATCHERS, PER_CONNECTION);
      const bytes = (await service.heapBytes()) - before;
      if (round >= 0) heapKb.push(bytes / WATCHERS / BYTES_PER_KB);
    } finally {
      crowd.leave();
    }
    await sleep(QUIET_MS);
  }
  await service.end();
  return heapKb;
}

function targetsOf(
  heapKb: readonly number[],
  { idleP99Ms, gapP99Ms }: Findings,
  [alone, beside]: readonly Figure[],
): readonly Target[] {
  if (!alone || !beside) throw new Error("unmeasured");
  const { value, byCpu } = comparison(beside, alone);
  const cost = (ratio: number): number => 100 * (1 - ratio);
  const ms = { unit: "ms" } as const;
  return [
    { name: "heap per watcher", value: median(heapKb), unit: "KB", least: 20, aim: 8 },
    { name: "one change to all when idle, p99", value: median(idleP99Ms), ...ms, least: 250, aim: 50 },
    {
      name: "longest wait under continuous change, p99",
      value: median(gapP99Ms),
      ...ms,
      least: 2_000,
      aim: 1_000,
    },
    { name: "cost to the spend path", value: cost(value), byCpu: cost(byCpu), unit: "%", least: 15, aim: 5 },
  ];
}

function spend(ground: Ground, service: Served, round: number, onGo?: () => void): Promise<Sample> {
  const calls = { kind: "spend", organizationIds: [WATCHED] } as const;
  const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS };
  return underLoad(ground, service, { ...order, round }, onGo);
}

type Round = Readonly<{ round: number; findings: Findings }>;

/** The watchers come, are told of single changes, then of endless ones, and leave. */
async function besideCrowd(
  ground: Ground,
  service: Served,
  client: CreditClient,
  { round, findings }: Round,
): Promise<Sample> {
  const crowd = new WatcherCrowd();
  const counts = round >= 0;
  try {
    await crowd.join(service.grpcAddress, WATCHED, WATCHERS, PER_CONNECTION);
    for (let change = 0; counts && change < CHANGES; change += 1) {
      await sleep(QUIET_MS);
      const waits = new Latencies();
      for (const wait of await crowd.timeOneChange(() => charge(client))) waits.add(wait);
      findings.idleP99Ms.push(waits.quantile(0.99));
      findings.idleWorstMs.push(waits.quantile(1));
    }
    const sample = await spend(ground, service, round, () => crowd.beginGaps());
    const gaps = new Latencies();
    for (const gap of crowd.gaps()) gaps.add(gap);
    if (counts) {
      findings.gapP99Ms.push(gaps.quantile(0.99));
    }
    return sample;
  } finally {
    crowd.leave();
  }
}

function charge(client: CreditClient): Promise<unknown> {
  const cost = { case: "amountMicros", value: 1n } as const;
  return client.credits.chargeCredits({ organizationId: WATCHED, cost });
}
