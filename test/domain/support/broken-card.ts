import type { JsonObject, RateCard, Tier } from "../../../src/domain/pricing/model.ts";
import { line, model, SETTINGS } from "./model.ts";

/** What is wrong, the card, and the fault: its place and a part of the problem. */
export type BrokenCard = readonly [title: string, wrong: RateCard, place: string, problem: string];

export const tokens = (more: Parameters<typeof line>[1]) =>
  model({ lines: [...model().lines, line("extra", more)] });
export const whole = (...tiers: readonly Tier[]) =>
  tokens({ quantity: ["tokens"], price: { mode: "WHOLE", size: [], tiers } });
export const settings = (properties: JsonObject, more: JsonObject = {}) =>
  model({
    settingsSchema: {
      ...SETTINGS,
      properties: { ...(SETTINGS.properties as JsonObject), ...properties },
      ...more,
    },
  });
export const using = (name: string, schema: JsonObject) => ({
  ...settings({ [name]: schema }),
  lines: [...model().lines, line("extra", { quantity: [name] })],
});
export const INTEGER = { type: "integer", minimum: 0, maximum: 9 };
