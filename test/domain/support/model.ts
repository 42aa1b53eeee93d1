import type { JsonObject, Measure, Model, PriceLine, RateCard } from "../../../src/domain/pricing/model.ts";

/** A setting `max_tokens`, which may be absent, and a `quality` that always has a value. */
export const SETTINGS: JsonObject = {
  type: "object",
  additionalProperties: false,
  properties: {
    quality: { type: "string", enum: ["standard", "hd"], default: "standard" },
    n: { type: "integer", minimum: 1, maximum: 10, default: 1 },
    max_tokens: { type: "integer", minimum: 1, maximum: 4000 },
  },
};

export function measure(name: string, more: Partial<Measure> = {}): Measure {
  return {
    ...{
      name,
      title: "",
      unit: "",
      minimum: "0",
      expected: "100",
      maximum: "1000",
      times: [],
      limitedBy: undefined,
    },
    ...more,
  };
}

export function line(name: string, more: Partial<PriceLine> = {}): PriceLine {
  return {
    ...{ name, title: "", quantity: [], per: 1n, price: { rate: "1" }, conditions: [], multipliers: [] },
    ...more,
  };
}

/** An image costs 0.5 credits, in hd twice as much; a thousand tokens cost 3. */
export function model(more: Partial<Model> = {}): Model {
  return {
    modelId: "painter",
    title: "Painter",
    kind: "IMAGE",
    provider: "studio",
    description: "",
    settingsSchema: SETTINGS,
    measures: [
      measure("images", { minimum: "1", expected: "1", maximum: "1", times: ["n"] }),
      measure("tokens", { limitedBy: "max_tokens" }),
    ],
    lines: [
      line("images", {
        quantity: ["images"],
        price: { rate: "0.5" },
        multipliers: [
          {
            setting: "quality",
            factors: new Map([
              ["standard", "1"],
              ["hd", "2"],
            ]),
          },
        ],
      }),
      line("tokens", { quantity: ["tokens"], per: 1000n, price: { rate: "3" } }),
    ],
    ...more,
  };
}

export function card(...models: readonly Model[]): RateCard {
  return { title: "test", models };
}
