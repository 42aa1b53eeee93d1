import { generate } from "../generator.ts";
import { OFFERS } from "../offer.ts";
import { Random } from "../random.ts";
import type { Script } from "../step.ts";
import { ServiceEpisode } from "./service-episode.ts";
import { ServicePair } from "./service-pair.ts";

/** So many organizations live at once, so that their changes share batches. */
const AT_ONCE = 8;
/** 64 years, with their 16 leap days: scripts happen in a time that the database's clock has not reached. */
const LATER = 23_376 * 86_400_000_000;

export type ServiceRun = Readonly<{
  steps: number;
  restarts: number;
  failures: readonly string[];
}>;

type Asked = Readonly<{ seed: number; seeds: number; operations: number; tell?: (line: string) => void }>;

/** The scripts of so many seeds on the real service, each an organization, with restarts, repetitions and conflicts. */
export async function simulateService({ seed, seeds, operations, tell }: Asked): Promise<ServiceRun> {
  const pair = await ServicePair.start();
  const failures: string[] = [];
  let steps = 0;
  let done = 0;
  const live = async (each: number, offer: number) => {
    const script = scriptOf(each, operations);
    const life = {
      ...script,
      offer: OFFERS[offer] ?? fail(),
      name: `seed-${each}`,
      random: new Random(each, 1),
    };
    const episode = new ServiceEpisode(pair, life);
    try {
      await episode.play(script);
    } catch (error) {
      failures.push(`seed ${each}, step ${episode.steps}: ${error instanceof Error ? error.stack : error}`);
      tell?.(failures.at(-1) ?? "");
    }
    steps += episode.steps;
    done += 1;
    if (done % AT_ONCE === 0) tell?.(`${done} seeds, ${steps} steps, ${pair.restarts} restarts`);
  };
  // A catalogue is everybody's, so that each third of the seeds has another one.
  const all = Array.from({ length: seeds }, (_, index) => seed + index);
  for (const offer of OFFERS.keys()) {
    const waiting = all.filter((each) => each % OFFERS.length === offer);
    if (waiting.length === 0) continue;
    await pair.publish(OFFERS[offer] ?? fail());
    const one = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await live(next, offer);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }
  await pair.restart(0);
  for (const discrepancy of await pair.stop()) failures.push(`verification: ${JSON.stringify(discrepancy)}`);
  return { steps, restarts: pair.restarts, failures };
}

function scriptOf(seed: number, operations: number): Script {
  const { start, steps } = generate(new Random(seed, 0), operations);
  return { start: start + LATER, steps };
}

function fail(): never {
  throw new Error("there is no such offer");
}
