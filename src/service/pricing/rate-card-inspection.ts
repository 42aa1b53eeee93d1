import { setImmediate } from "node:timers/promises";
import type { RateCard } from "../../domain/pricing/model.ts";
import { checkSteps } from "../../domain/pricing/rate-card-check.ts";
import type { PublishRefusal } from "../../domain/pricing/refusal.ts";
import { settingsValidator } from "./settings-validator.ts";

/** For how long a check may keep the process from answering others. */
const BUSY_MS_MAX = 5;

/** All that is wrong with a rate card; others are answered while a large one is checked. */
export async function inspectRateCard(
  card: RateCard,
  signal: AbortSignal,
): Promise<PublishRefusal | undefined> {
  const steps = checkSteps(card, settingsValidator);
  for (let start = performance.now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - start < BUSY_MS_MAX) continue;
    await setImmediate(undefined, { signal });
    start = performance.now();
  }
}
