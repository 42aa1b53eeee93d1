import { expect } from "chai";
import { type Estimate, estimateCost, priceUsage } from "../../../src/domain/pricing/estimate.ts";
import type { JsonObject, Model, PriceLine } from "../../../src/domain/pricing/model.ts";
import type { PricedModel } from "../../../src/domain/pricing/priced-model.ts";
import { PricedRateCard } from "../../../src/domain/pricing/priced-rate-card.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { card, line, measure, model } from "../support/model.ts";

type Usage = Readonly<Record<string, string>>;

/** Expectations are minimum, expected and maximum, in credits. */
const ESTIMATES: readonly (readonly [title: string, settings: JsonObject, known: Usage, credits: string])[] =
  [
    ["declared measures", {}, {}, "0.5 0.8 3.5"],
    ["a multiplier by a setting's value", { quality: "hd" }, {}, "1 1.3 4"],
    ["measures times a setting", { n: 4 }, {}, "2 2.3 5"],
    ["a setting that limits the most", { max_tokens: 500 }, {}, "0.5 0.8 2"],
    ["a limit below what is expected", { max_tokens: 10 }, {}, "0.5 0.53 0.53"],
    ["a limit above the declared most", { max_tokens: 4000 }, {}, "0.5 0.8 12.5"],
    ["known usage instead of what is declared", {}, { tokens: "2000" }, "6.5 6.5 6.5"],
    ["known usage of nothing", {}, { tokens: "0", images: "0" }, "0 0 0"],
  ];

const SETTING_REFUSALS: readonly (readonly [
  settings: JsonObject,
  ...faults: (readonly [string, string])[],
])[] = [
  [{ colour: "red" }, ["colour", "unknown"]],
  [{ ["__proto__"]: 1 }, ["__proto__", "unknown"]],
  [{ quality: "uhd" }, ["quality", "any of"]],
  [{ n: "two" }, ["n", "integer"]],
  [{ n: null }, ["n", "integer"]],
  [{ n: 1.5 }, ["n", "integer"]],
  [{ n: 10_000_000_000 }, ["n", "greater than 10"]],
  [{ n: -1 }, ["n", "less than 1"]],
  [{ n: { $ne: 1 } }, ["n", "integer"]],
  [{ quality: "uhd", n: 11, colour: "red" }, ["colour", "unknown"], ["quality", "any of"], ["n", "greater"]],
];

const USAGE_REFUSALS: readonly (readonly [usage: Usage, ...faults: (readonly [string, string])[]])[] = [
  [{}, ["images", "missing"], ["tokens", "missing"]],
  [{ images: "1" }, ["tokens", "missing"]],
  [{ images: "1", tokens: "1", steps: "1" }, ["steps", "unknown"]],
  [{ images: "1", tokens: "-1" }, ["tokens", "-1 is not a decimal"]],
  [{ images: "1", tokens: "1e3" }, ["tokens", "1e3 is not a decimal"]],
  [{ images: "1", tokens: "" }, ["tokens", "is not a decimal"]],
  [{ images: "Infinity", tokens: "NaN" }, ["images", "not a decimal"], ["tokens", "not a decimal"]],
  [{ images: "1", tokens: "0.0000000001" }, ["tokens", "at most 9 digits"]],
  [{ images: "1000000000001", tokens: "1" }, ["images", "from 0 to 1000000000000"]],
];

describe("an estimate", () => {
  for (const [title, settings, known, credits] of ESTIMATES) {
    it(`follows ${title}`, () => {
      const { minimumMicros, expectedMicros, maximumMicros } = estimated(priced(model()), settings, known);
      const micros = [minimumMicros, expectedMicros, maximumMicros];
      expect(micros.map((each) => Number(each) / 1e6).join(" ")).to.equal(credits);
    });
  }

  for (const [settings, ...faults] of SETTING_REFUSALS) {
    it(`refuses ${JSON.stringify(settings)} by name (R-PRICE-2)`, () => {
      expectFaults(estimateCost(priced(model()), settings, new Map()), "SETTINGS_INVALID", faults);
    });
  }

  it("refuses a required setting that is missing", () => {
    const strict = model({
      settingsSchema: {
        type: "object",
        additionalProperties: false,
        required: ["n"],
        properties: { n: { type: "integer", minimum: 1, maximum: 10 } },
      },
      lines: [line("images", { quantity: ["images", "n"] })],
    });
    expectFaults(estimateCost(priced(strict), {}, new Map()), "SETTINGS_INVALID", [["n", "missing"]]);
  });

  it("refuses numbers with more digits than quantities have", () => {
    const wide = model({
      settingsSchema: {
        type: "object",
        additionalProperties: false,
        properties: { n: { type: "number", minimum: 0, maximum: 10, default: 1 } },
      },
      lines: [line("images", { quantity: ["n"] })],
    });
    const answer = estimateCost(priced(wide), { n: 0.1234567891 }, new Map());
    expectFaults(answer, "SETTINGS_INVALID", [["n", "more than 9 digits"]]);
    expect(estimated(priced(wide), { n: 1e-9 }, {}).expectedMicros).to.equal(1n);
  });

  it("names the lines that it is made of, with exact shares", () => {
    const { lines } = estimated(priced(model()), { quality: "hd", n: 3 }, {});
    expect(lines.map((each) => each.line.name)).to.deep.equal(["images", "tokens"]);
    const [images] = lines;
    expect(images?.expected.quantity).to.deep.equal({ numerator: 3n, denominator: 1n });
    expect(
      images && Number(images.expected.credits.numerator) / Number(images.expected.credits.denominator),
    ).to.equal(3);
  });
});

describe("a price by usage", () => {
  for (const [usage, ...faults] of USAGE_REFUSALS) {
    it(`refuses ${JSON.stringify(usage)} by name (R-PRICE-6)`, () => {
      expectFaults(priceUsage(priced(model()), {}, new Map(Object.entries(usage))), "USAGE_INVALID", faults);
    });
  }

  it("refuses what has no price under the settings, and accepts none of it", () => {
    const optional = model({
      lines: [
        line("images", { quantity: ["images"], conditions: [{ setting: "quality", values: ["hd"] }] }),
        line("tokens", { quantity: ["tokens"] }),
      ],
    });
    const usage = (images: string) =>
      new Map([
        ["tokens", "2"],
        ["images", images],
      ]);
    expectFaults(priceUsage(priced(optional), {}, usage("1")), "USAGE_INVALID", [
      ["images", "no price with these"],
    ]);
    expect(charged(optional, { images: "0", tokens: "2" })).to.equal(2_000_000n);
  });

  it("refuses a price beyond what an amount may be", () => {
    const usage = new Map([
      ["images", "1000000000000"],
      ["tokens", "0"],
    ]);
    expectFaults(priceUsage(priced(model()), {}, usage), "USAGE_INVALID", [["", "above 1000000000000000"]]);
  });

  it("is rounded up once, not line by line (R-AMT-2)", () => {
    const cheap = (name: string) => line(name, { quantity: ["tokens"], price: { rate: "0.0000004" } });
    const three = model({ lines: [cheap("a"), cheap("b"), cheap("c")] });
    expect(charged(three, { tokens: "1" })).to.equal(2n);
  });

  it("is zero where all lines are free of charge (R-AMT-4)", () => {
    expect(charged(model({ lines: [line("free", { price: { rate: "0" } })] }), {})).to.equal(0n);
  });

  const steps = [
    { upTo: "10", rate: "1" },
    { upTo: "20", rate: "2" },
    { upTo: undefined, rate: "3" },
  ];
  const TIERS: readonly (readonly [PriceLine["price"], tokens: string, credits: number])[] = [
    [{ mode: "WHOLE", size: [], tiers: steps }, "10", 10],
    [{ mode: "WHOLE", size: [], tiers: steps }, "10.5", 21],
    [{ mode: "WHOLE", size: [], tiers: steps }, "30", 90],
    [{ mode: "WHOLE", size: ["tokens", "images"], tiers: steps }, "10", 20],
    [{ mode: "GRADUATED", size: [], tiers: steps }, "10", 10],
    [{ mode: "GRADUATED", size: [], tiers: steps }, "10.5", 11],
    [{ mode: "GRADUATED", size: [], tiers: steps }, "30", 60],
    [
      {
        mode: "GRADUATED",
        size: [],
        tiers: [
          { upTo: "100", rate: "0" },
          { upTo: undefined, rate: "1" },
        ],
      },
      "101",
      1,
    ],
  ];
  for (const [price, tokens, credits] of TIERS) {
    const name = "mode" in price ? `${price.mode} over ${price.size.join(" + ") || "the quantity"}` : "";
    it(`is ${credits} for ${tokens} tokens in ${name}`, () => {
      const tiered = model({
        measures: [measure("tokens"), measure("images")],
        lines: [
          line("tokens", { quantity: ["tokens"], price }),
          line("images", { quantity: ["images"], price: { rate: "0" } }),
        ],
      });
      expect(charged(tiered, { tokens, images: "1" })).to.equal(BigInt(credits) * 1_000_000n);
    });
  }
});

describe("a measure that only chooses a tier", () => {
  const tiers = [
    { upTo: "10", rate: "1" },
    { upTo: undefined, rate: "3" },
  ];
  const sized = line("out", { quantity: ["out"], price: { mode: "WHOLE", size: ["prompt"], tiers } });

  it("R-PRICE-6: is asked for, and is no usage without a price", () => {
    const one = model({ measures: [measure("out"), measure("prompt")], lines: [sized] });
    expect(charged(one, { out: "2", prompt: "10" })).to.equal(2_000_000n);
    expect(charged(one, { out: "2", prompt: "20" })).to.equal(6_000_000n);
    expect(() => charged(one, { out: "2" })).to.throw(/missing/);
  });

  it("R-PRICE-6: has a price that is missing where another line is paid by it", () => {
    const hd = { setting: "quality", values: ["hd"] };
    const paid = line("prompt", { quantity: ["prompt"], conditions: [hd] });
    const one = model({ measures: [measure("out"), measure("prompt")], lines: [sized, paid] });
    expect(() => charged(one, { out: "2", prompt: "20" })).to.throw(/has no price with these settings/);
  });
});

describe("an estimate of a run", () => {
  const cards = new PricedRateCard(7n, card(model()), settingsValidator);
  const call = (modelId: string, settings: JsonObject = {}) => ({
    modelId,
    settings,
    known: new Map<string, string>(),
  });

  it("gives each call and the total", () => {
    const answer = cards.estimateRun([call("painter"), call("painter", { quality: "hd" })]);
    const value = "value" in answer ? answer.value : undefined;
    expect(value?.estimates.map(({ expectedMicros }) => expectedMicros)).to.deep.equal([
      800_000n,
      1_300_000n,
    ]);
    expect([value?.minimumMicros, value?.expectedMicros, value?.maximumMicros]).to.deep.equal([
      1_500_000n,
      2_100_000n,
      7_500_000n,
    ]);
    expect(value?.version).to.equal(7n);
  });

  it("names the first call that can't be priced", () => {
    const answer = cards.estimateRun([call("painter"), call("sculptor"), call("painter", { n: 0 })]);
    expect(answer).to.deep.equal({
      refusal: { reason: "MODEL_NOT_FOUND", modelId: "sculptor", version: 7n },
      callIndex: 1,
    });
  });
});

function priced(one: Model): PricedModel {
  const found = new PricedRateCard(1n, card(one), settingsValidator).find(one.modelId);
  if (found === undefined) throw new Error("The card has lost its model.");
  return found;
}

function estimated(one: PricedModel, settings: JsonObject, known: Usage): Estimate {
  const answer = estimateCost(one, settings, new Map(Object.entries(known)));
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
  return answer.value;
}

function charged(one: Model, usage: Usage): bigint {
  const answer = priceUsage(priced(one), {}, new Map(Object.entries(usage)));
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
  return answer.value.amountMicros;
}

function expectFaults(
  answer: object,
  reason: string,
  faults: readonly (readonly [name: string, problem: string])[],
): void {
  const refusal = "refusal" in answer ? (answer.refusal as { reason: string; faults: object[] }) : undefined;
  expect(refusal?.reason).to.equal(reason);
  const told = refusal?.faults.map((fault) => Object.values(fault).join(": ")).join("\n") ?? "";
  for (const [name, problem] of faults) {
    expect(
      told.split("\n").some((each) => each.startsWith(`${name}: `) && each.includes(problem)),
      told,
    ).to.equal(true);
  }
}
