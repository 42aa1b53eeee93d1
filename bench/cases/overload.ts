import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseResult } from "../case.ts";
import type { Figure, Sample } from "../figure.ts";
import type { Ground, Served } from "../ground.ts";
import { median } from "../load/latencies.ts";
import { LoadRun } from "../load/load.ts";
import type { LoadOrder } from "../load/order.ts";
import { measureInTurns, underLoad } from "../measurement.ts";
import { Meter } from "../meter.ts";

const IN_FLIGHT = 256;
const CALLS = { kind: "spend", organizationIds: ["hot"] } as const;
const PEAK_MS = 4_000;
const PACED_MS = 8_000;
/** What begins before is not counted: the server takes a burst, and sees only then that it does not end. */
const SETTLE_MS = 3_000;
/** Longer than the server remembers an overload, after which it takes bursts again. */
const QUIET_MS = 2_500;
const UNLOADED = 0.2;
const OVERLOADED = 2;

const TITLE = `Arrivals at ${UNLOADED} and at ${OVERLOADED} times the peak of ${IN_FLIGHT} in flight, answered or not`;

export const overload: Case = {
  name: "overload",
  title: TITLE,
  long: false,
  run: (ground) => measure(ground, {}),
};

/** One process refuses on one thread, so on one processor at a time; two workers can use both. */
export const overloadOfWorkers: Case = {
  name: "overload-workers",
  title: `${TITLE}, at two workers`,
  long: false,
  run: (ground) => measure(ground, { WORKERS: "2" }),
};

async function measure(ground: Ground, settings: Readonly<Record<string, string>>): Promise<CaseResult> {
  const database = await ground.database();
  await ground.open(database.url, CALLS.organizationIds);
  const service = await ground.service(database.url, settings);
  const order = { address: service.grpcAddress, calls: CALLS, inFlight: IN_FLIGHT } as const;
  const refusedShares: number[] = [];
  // Of the same round, so that a machine that is busier in one round than in the next changes both.
  let peak = 0;
  const peakRun = async (round: number): Promise<Sample> => {
    await sleep(QUIET_MS);
    const sample = await underLoad(ground, service, { ...order, durationMs: PEAK_MS, round });
    peak = sample.perSecond;
    return sample;
  };
  const paced = async (times: number, round: number): Promise<Sample> => {
    const pace = { perSecond: peak * times, settleMs: SETTLE_MS, durationMs: PACED_MS };
    const { sample, refusedShare } = await arrivals(ground, service, { ...order, ...pace });
    if (times > 1 && round >= 0) refusedShares.push(refusedShare);
    return sample;
  };
  const unit = "calls/s";
  const figures = await measureInTurns(ground, [
    { name: `${IN_FLIGHT} in flight`, unit, run: peakRun },
    { name: `arrivals at ${UNLOADED} of that`, unit, run: (round) => paced(UNLOADED, round) },
    { name: `arrivals at ${OVERLOADED} times that`, unit, run: (round) => paced(OVERLOADED, round) },
  ]);
  return {
    figures,
    targets: targetsOf(figures),
    checked: [await ground.check("the service", database)],
    notes: [
      `Of the arrivals at ${OVERLOADED} times the peak, ${Math.round(100 * median(refusedShares))} % were refused.`,
      `Arrivals are timed from when they were due; the first ${SETTLE_MS} ms of each run are not counted.`,
      "CPU is that of the whole run, refusals included, by the calls that were accepted in it.",
    ],
  };
}

function targetsOf([peak, unloaded, overloaded]: readonly Figure[]): CaseResult["targets"] {
  if (!peak || !unloaded || !overloaded) throw new Error("unmeasured");
  const inRounds = (against: Figure, pick: (sample: Sample) => number | undefined): number =>
    median(
      overloaded.samples.map((sample, round) => {
        const other = against.samples[round];
        return (pick(sample) ?? Number.NaN) / ((other && pick(other)) ?? Number.NaN);
      }),
    );
  return [
    {
      name: "p99 of the accepted at twice the peak, in unloaded p99s",
      value: inRounds(unloaded, ({ p99Ms }) => p99Ms),
      unit: "times",
      least: 5,
      aim: 3,
    },
    {
      name: "accepted at twice the peak, against the peak",
      value: inRounds(peak, ({ perSecond }) => perSecond),
      unit: "x",
      least: 0.9,
      aim: 0.95,
    },
  ];
}

async function arrivals(
  ground: Ground,
  { pid }: Served,
  order: LoadOrder,
): Promise<Readonly<{ sample: Sample; refusedShare: number }>> {
  const load = await LoadRun.prepare(order);
  const meter = new Meter(ground, pid);
  const { cpuMs, ...outcome } = await load.go();
  const { calls, refused = 0 } = outcome;
  return { sample: meter.read(outcome, cpuMs), refusedShare: refused / (calls + refused) };
}
