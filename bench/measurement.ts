import { type Figure, figureOf, type Sample } from "./figure.ts";
import type { Ground, Served } from "./ground.ts";
import { LoadRun } from "./load/load.ts";
import type { LoadOrder } from "./load/order.ts";
import { Meter } from "./meter.ts";

/** What is measured, in turns with others. */
export type Subject = Readonly<{
  name: string;
  unit: string;
  /** One run; `round` is -1 for the one that only warms up. */
  run: (round: number) => Promise<Sample>;
}>;

/** Measures subjects in turns, after one run of each that is not counted: code is compiled and caches fill. */
export async function measureInTurns(
  { rounds }: Ground,
  subjects: readonly Subject[],
): Promise<readonly Figure[]> {
  const samples = new Map<Subject, Sample[]>(subjects.map((subject) => [subject, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const subject of subjects) {
      const sample = await subject.run(round);
      if (round >= 0) samples.get(subject)?.push(sample);
    }
  }
  return subjects.map((subject) => figureOf(subject.name, subject.unit, samples.get(subject) ?? []));
}

/** So many calls, or this long, until the code of a server is compiled: what a call costs falls until 100,000. */
const WARM_UP = { calls: 120_000, durationMs: 20_000 };

/**
 * Puts a load on a server and reads what it cost whom; before the first round, only to warm it up. The load's CPU
 * is that of its process and of this one, which is idle meanwhile or watches.
 */
export async function underLoad(
  ground: Ground,
  { pid }: Served,
  { round, ...order }: LoadOrder & Readonly<{ round: number }>,
  onGo?: () => void,
): Promise<Sample> {
  const warmUp = { durationMs: WARM_UP.durationMs, callsMax: WARM_UP.calls };
  const load = await LoadRun.prepare(round < 0 ? { ...order, ...warmUp } : order);
  const meter = new Meter(ground, pid);
  const before = process.cpuUsage();
  onGo?.();
  const { cpuMs, ...outcome } = await load.go();
  const { user, system } = process.cpuUsage(before);
  return meter.read(outcome, cpuMs + (user + system) / 1_000);
}
