import { setImmediate } from "node:timers/promises";

/** For how long work may keep the process from answering others. */
const BUSY_MS_MAX = 5;

/** Runs long work in steps, between which others are answered; it ends when nobody waits for it any more. */
export async function inTurns<T>(steps: Generator<void, T>, signal: AbortSignal): Promise<T> {
  for (let start = performance.now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - start < BUSY_MS_MAX) continue;
    await setImmediate(undefined, { signal });
    start = performance.now();
  }
}
