import fc from "fast-check";
import type { JsonObject, Measure, Model, PriceLine, Tiers } from "../../../src/domain/pricing/model.ts";

const QUALITIES = ["draft", "fine", "finest"];
const QUANTITIES = ["images", "seconds", "tokens", "width", "length"];

/** Settings of every type; every one of them decides over some price. */
export const SETTINGS_SCHEMA: JsonObject = {
  type: "object",
  additionalProperties: false,
  properties: {
    quality: { type: "string", enum: QUALITIES, default: "draft" },
    sound: { type: "boolean", default: false },
    width: { type: "integer", minimum: 0, maximum: 64, default: 8 },
    length: { type: "number", minimum: 0, maximum: 10, default: 2.5 },
    max_tokens: { type: "integer", minimum: 0, maximum: 2000 },
  },
};

/** A decimal below `limit` with up to `digits` digits behind the point, spelled as somebody might. */
export function decimal(limit: number, digits: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(limit - 1), fc.stringMatching(new RegExp(`^[0-9]{0,${digits}}$`)))
    .map(([whole, fraction]) => (fraction === "" ? String(whole) : `${whole}.${fraction}`));
}

const smallRate = fc.stringMatching(/^0\.00[0-9]{1,18}$/);
const names = (max: number) => fc.uniqueArray(fc.constantFrom(...QUANTITIES), { maxLength: max });

const tiers: fc.Arbitrary<Tiers> = fc
  .record({
    mode: fc.constantFrom("WHOLE" as const, "GRADUATED" as const),
    size: fc.uniqueArray(fc.constantFrom(...QUANTITIES), { maxLength: 3 }),
    ends: fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 4 }),
    rates: fc.array(smallRate, { minLength: 5, maxLength: 5 }),
  })
  .map(({ mode, size, ends, rates }) => {
    // Whole tiers may not fall; graduated ones may.
    const ordered =
      mode === "WHOLE" ? rates.toSorted((a, b) => (a.padEnd(24, "0") < b.padEnd(24, "0") ? -1 : 1)) : rates;
    const upTos = ends.toSorted((a, b) => a - b).map(String);
    return {
      mode,
      size: mode === "WHOLE" ? size : [],
      tiers: [...upTos, undefined].map((upTo, index) => ({ upTo, rate: ordered[index] ?? "0" })),
    };
  });

const line: fc.Arbitrary<PriceLine> = fc.record({
  name: fc.constant("line"),
  title: fc.string({ maxLength: 10 }),
  quantity: names(2),
  per: fc.constantFrom(1n, 3n, 7n, 1000n, 1_000_000n),
  price: fc.oneof(fc.record({ rate: smallRate }), tiers),
  conditions: fc.oneof(
    fc.constant([]),
    fc.subarray(QUALITIES, { minLength: 1 }).map((values) => [{ setting: "quality", values }]),
    fc.constant([{ setting: "sound", values: ["true"] }]),
  ),
  multipliers: fc.oneof(
    fc.constant([]),
    fc.array(decimal(3, 6), { minLength: 3, maxLength: 3 }).map((factors) => [
      {
        setting: "quality",
        factors: new Map(QUALITIES.map((quality, index) => [quality, factors[index] ?? "1"])),
      },
    ]),
  ),
});

function measure(name: string, more: Partial<Measure>): fc.Arbitrary<Measure> {
  return fc.array(decimal(1000, 9), { minLength: 3, maxLength: 3 }).map((bounds) => {
    const [minimum = "0", expected = "0", maximum = "0"] = bounds.toSorted((a, b) => Number(a) - Number(b));
    return {
      name,
      title: "",
      unit: "",
      minimum,
      expected,
      maximum,
      times: [],
      limitedBy: undefined,
      ...more,
    };
  });
}

/** Models that a card may have; what their own lines leave unused, a last line that is free uses. */
export const randomModel: fc.Arbitrary<Model> = fc
  .record({
    measures: fc.tuple(
      measure("images", { times: ["width"] }),
      measure("seconds", { times: ["length"] }),
      measure("tokens", { limitedBy: "max_tokens" }),
    ),
    lines: fc.array(line, { minLength: 1, maxLength: 6 }),
  })
  .map(({ measures, lines }) => ({
    modelId: "model",
    title: "",
    kind: "VIDEO" as const,
    provider: "",
    description: "",
    settingsSchema: SETTINGS_SCHEMA,
    measures,
    lines: [...lines.map((each, index) => ({ ...each, name: `line_${index}` })), FREE_LINE],
  }));

const FREE_LINE: PriceLine = {
  name: "free",
  title: "",
  quantity: ["images", "seconds", "tokens"],
  per: 1n,
  price: { rate: "0" },
  conditions: [{ setting: "sound", values: ["true", "false"] }],
  multipliers: [{ setting: "quality", factors: new Map(QUALITIES.map((quality) => [quality, "1"])) }],
};

export const randomSettings: fc.Arbitrary<JsonObject> = fc.record(
  {
    quality: fc.constantFrom(...QUALITIES),
    sound: fc.boolean(),
    width: fc.nat(64),
    length: fc.integer({ min: 0, max: 10_000_000 }).map((millionths) => millionths / 1_000_000),
    max_tokens: fc.nat(2000),
  },
  { requiredKeys: [] },
);

export const randomUsage: fc.Arbitrary<Readonly<Record<"images" | "seconds" | "tokens", string>>> = fc.record(
  {
    images: decimal(2000, 9),
    seconds: decimal(2000, 9),
    tokens: decimal(4000, 0),
  },
);
