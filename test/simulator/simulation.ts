import { Episode } from "./episode.ts";
import { generate } from "./generator.ts";
import type { Fault } from "./machine.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";
import type { Script } from "./step.ts";

/** Most organizations live short, so that there are many of them; some live long. */
const EPISODE_STEPS = 200;
const LONG_EPISODE_STEPS = 1_000;

export type Failure = Readonly<{
  error: Error;
  /** A short script that fails too. */
  script: Script;
  /** How many steps of the run it took to find. */
  step: number;
}>;

export type Run = Readonly<{
  steps: number;
  outcomes: ReadonlyMap<string, number>;
  failure: Failure | undefined;
}>;

/** So many steps, by the seed alone: the lives of some organizations, one after the other. */
export function simulate(seed: number, operations: number, fault?: Fault): Run {
  const outcomes = new Map<string, number>();
  let steps = 0;
  for (let number = 0; steps < operations; number += 1) {
    const wanted = number % 20 === 19 ? LONG_EPISODE_STEPS : EPISODE_STEPS;
    const script = generate(new Random(seed, number), Math.min(wanted, operations - steps));
    const episode = new Episode(script, fault);
    const error = play(episode, script, () => (steps += 1));
    for (const [name, count] of episode.outcomes) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
    if (error) return { steps, outcomes, failure: { error, script: shrink(script, fault), step: steps } };
  }
  return { steps, outcomes, failure: undefined };
}

function play(episode: Episode, script: Script, count: () => void): Error | undefined {
  try {
    for (const step of script.steps) {
      count();
      episode.step(step);
    }
    episode.finish();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
