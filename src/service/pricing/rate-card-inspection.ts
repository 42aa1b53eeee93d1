import type { RateCard } from "../../domain/pricing/model.ts";
import { checkSteps } from "../../domain/pricing/rate-card-check.ts";
import type { RateCardInvalid } from "../../domain/pricing/refusal.ts";
import { settingsValidator } from "./settings-validator.ts";
import { inTurns } from "./turns.ts";

/** All that is wrong with a rate card; others are answered while a large one is checked. */
export function inspectRateCard(card: RateCard, signal: AbortSignal): Promise<RateCardInvalid | undefined> {
  return inTurns(checkSteps(card, settingsValidator), signal);
}
