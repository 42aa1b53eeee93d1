import type { Time } from "../../src/domain/time.ts";
import type { Random } from "../../test/simulator/random.ts";

/** Between two steps of one run, on average; a busier organization has less. */
const STEP_MICROS = 5_000_000;

export type Span = Readonly<{ startTime: Time; endTime: Time }>;

/** The clock of a life: bursts of steps, spread evenly from its start to its end. */
export class Pace {
  readonly #random: Random;
  readonly #start: number;
  readonly #end: number;
  readonly #steps: number;
  #now: number;

  /** `steps` is about how many there will be. */
  constructor({ startTime, endTime }: Span, steps: number, random: Random) {
    this.#random = random;
    // Microseconds since 1970 are exact in a double until the year 2255.
    this.#start = Number(startTime);
    this.#end = Number(endTime);
    this.#steps = steps;
    this.#now = this.#start;
  }

  get now(): Time {
    return BigInt(this.#now);
  }

  /** The moment of the next step, when so many are done. */
  step(done: number): Time {
    const share = (this.#end - this.#now) / Math.max(this.#steps - done + 1, 2);
    this.#now += 1 + this.#random.below(2 * Math.min(share, STEP_MICROS));
    return this.now;
  }

  /** Waits until it is time for more, when so many steps are done. */
  pause(done: number): void {
    const scheduled = this.#start + ((this.#end - this.#start) * done) / Math.max(this.#steps, 1);
    if (scheduled > this.#now) this.#now += Math.floor(Math.min(scheduled, this.#end) - this.#now);
  }
}
