import { setTimeout as delay } from "node:timers/promises";

const LOOK_AGAIN_MS = 20;

/** Looks until the condition holds; mocha's own time limit ends what never comes. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await delay(LOOK_AGAIN_MS);
}
