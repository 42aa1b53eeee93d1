import { setImmediate } from "node:timers/promises";

/** As long as a small batch of the spend path takes: what waits behind long work waits so long. */
const WORK_MS_MAX = 4;

/** Lets everything else of the process go on in the middle of long work. */
export class Breath {
  #since = performance.now();

  /** Between two pieces of the work; takes a breath where it is time for one. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < WORK_MS_MAX) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
