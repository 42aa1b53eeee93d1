import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import type { Case, CaseResult, Target } from "../case.ts";
import type { Sample } from "../figure.ts";
import type { Ground, Served } from "../ground.ts";
import { median } from "../load/latencies.ts";
import { measureInTurns, underLoad } from "../measurement.ts";
import { type Distribution, difference, readDistribution } from "../served-histogram.ts";

const IN_FLIGHT = 256;
const CROWD = "crowd";
const LATE = "late";
const DURATION_MS = 5_000;
const WAIT = "pleyor_credits_lane_wait_seconds";
const BATCH = "pleyor_credits_lane_batch_seconds";
const FIRST = 'turn="first"';

export const fairness: Case = {
  name: "fairness",
  title: `How long a call queues while another organization of its lane has ${IN_FLIGHT} in flight`,
  long: false,
  run,
};

/** A value for each round. */
type Findings = Readonly<{ p99Batches: number[]; meanBatches: number[]; calls: number[]; batchMs: number[] }>;

async function run(ground: Ground): Promise<CaseResult> {
  const database = await ground.database();
  await ground.open(database.url, [CROWD, LATE]);
  // One lane, so that they meet.
  const service = await ground.service(database.url, { PLEYOR_LANES: "1" });
  const client = createCreditClient({ transport: "grpc", address: service.grpcAddress });
  const findings: Findings = { p99Batches: [], meanBatches: [], calls: [], batchMs: [] };
  const figures = await measureInTurns(ground, [
    {
      name: `reserve and settle, ${IN_FLIGHT} in flight`,
      unit: "calls/s",
      run: (round) => besideCaller(ground, service, client, { round, findings }),
    },
  ]).finally(() => client.close());
  return {
    figures,
    targets: targetsOf(findings),
    checked: [await ground.check("the service", database)],
    notes: [
      `${Math.round(median(findings.calls))} calls a round were the first of their organization to wait; ` +
        `a batch took ${Math.round(median(findings.batchMs))} ms on average.`,
      "The server measures both: from when a command comes to the lane to when its batch begins, and the batch.",
    ],
  };
}

function targetsOf({ p99Batches, meanBatches }: Findings): readonly Target[] {
  return [
    {
      name: "p99 of the wait, in mean batches",
      value: median(p99Batches),
      unit: "batches",
      least: 2,
      aim: 1.5,
    },
    { name: "mean wait, in mean batches", value: median(meanBatches), unit: "batches" },
  ];
}

type Round = Readonly<{ round: number; findings: Findings }>;

/** One caller makes a call after the other, beside a crowd. */
async function besideCaller(
  ground: Ground,
  service: Served,
  client: CreditClient,
  { round, findings }: Round,
): Promise<Sample> {
  const calls = { kind: "spend", organizationIds: [CROWD] } as const;
  const order = { address: service.grpcAddress, calls, inFlight: IN_FLIGHT, durationMs: DURATION_MS, round };
  const begin = Promise.withResolvers<readonly Distribution[]>();
  let over = false;
  const calling = begin.promise.then(() => callUntil(client, () => over));
  const sample = await underLoad(ground, service, order, () => begin.resolve(read(service))).finally(() => {
    over = true;
  });
  await calling;
  const [waitBefore, batchBefore] = await begin.promise;
  const [waitAfter, batchAfter] = await read(service);
  if (!waitBefore || !batchBefore || !waitAfter || !batchAfter) throw new Error("the server tells no waits");
  const wait = difference(waitAfter, waitBefore);
  const batch = difference(batchAfter, batchBefore);
  if (round >= 0) {
    findings.calls.push(wait.count);
    findings.batchMs.push(batch.mean * 1_000);
    findings.p99Batches.push(wait.quantile(0.99) / batch.mean);
    findings.meanBatches.push(wait.mean / batch.mean);
  }
  return sample;
}

async function callUntil(client: CreditClient, isOver: () => boolean): Promise<void> {
  const cost = { case: "amountMicros", value: 1n } as const;
  while (!isOver()) await client.credits.chargeCredits({ organizationId: LATE, cost });
}

async function read({ httpAddress }: Served): Promise<readonly Distribution[]> {
  const text = await (await fetch(`http://${httpAddress}/metrics`)).text();
  return [readDistribution(text, WAIT, FIRST), readDistribution(text, BATCH, "")];
}
