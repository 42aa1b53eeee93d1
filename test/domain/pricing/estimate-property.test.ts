import { expect } from "chai";
import fc from "fast-check";
import { type Estimate, estimateCost, priceUsage } from "../../../src/domain/pricing/estimate.ts";
import type { JsonObject, Measure, Model } from "../../../src/domain/pricing/model.ts";
import type { PricedModel } from "../../../src/domain/pricing/priced-model.ts";
import { PricedRateCard } from "../../../src/domain/pricing/priced-rate-card.ts";
import { checkRateCard } from "../../../src/domain/pricing/rate-card-check.ts";
import { fromProtoRateCard, toProtoRateCard } from "../../../src/rpc/pricing/rate-card-conversion.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { randomModel, randomSettings, randomUsage } from "../support/random-card.ts";
import { Fraction, referencePrice } from "../support/reference-price.ts";

const DEFAULTS = { quality: "draft", sound: false, width: 8, length: 2.5 };

describe("prices of random models", () => {
  it("are of cards that can be published", () => {
    fc.assert(
      fc.property(randomModel, (model) => {
        expect(checkRateCard({ title: "", models: [model] }, settingsValidator)).to.equal(undefined);
      }),
    );
  });

  it("are the exact rational price, rounded up once to a whole microcredit", () => {
    fc.assert(
      fc.property(randomModel, randomSettings, randomUsage, (model, settings, usage) => {
        const exact = new Map(Object.entries(usage).map(([name, text]) => [name, Fraction.of(text)]));
        const expected = referencePrice(model, { ...DEFAULTS, ...settings }, exact);
        expect(settled(priced(model), settings, usage)).to.equal(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("are estimated exactly, from least to expected to most", () => {
    fc.assert(
      fc.property(randomModel, randomSettings, (model, settings) => {
        const estimate = estimated(priced(model), settings, {});
        for (const bound of ["minimum", "expected", "maximum"] as const) {
          const reference = referencePrice(
            model,
            { ...DEFAULTS, ...settings },
            declared(model, settings, bound),
          );
          expect(estimate[`${bound}Micros`], bound).to.equal(reference);
        }
        expect(estimate.minimumMicros <= estimate.expectedMicros).to.equal(true);
        expect(estimate.expectedMicros <= estimate.maximumMicros).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it("are settled at what was estimated, where the usage was known", () => {
    fc.assert(
      fc.property(randomModel, randomSettings, randomUsage, (model, settings, usage) => {
        const { minimumMicros, expectedMicros, maximumMicros } = estimated(priced(model), settings, usage);
        const micros = settled(priced(model), settings, usage);
        expect([minimumMicros, expectedMicros, maximumMicros]).to.deep.equal([micros, micros, micros]);
      }),
    );
  });

  it("never fall as more is used", () => {
    fc.assert(
      fc.property(randomModel, randomSettings, randomUsage, fc.nat(500), (model, settings, usage, more) => {
        const larger = { ...usage, tokens: String(Number(usage.tokens) + more) };
        const model_ = priced(model);
        expect(settled(model_, settings, usage) <= settled(model_, settings, larger)).to.equal(true);
      }),
    );
  });

  it("are the same after the card went over the wire", () => {
    fc.assert(
      fc.property(randomModel, randomSettings, randomUsage, (model, settings, usage) => {
        const [copy] = fromProtoRateCard(toProtoRateCard({ title: "", models: [model] })).models;
        expect(copy).to.deep.equal(model);
        expect(copy && settled(priced(copy), settings, usage)).to.equal(
          settled(priced(model), settings, usage),
        );
      }),
    );
  });
});

function priced(model: Model): PricedModel {
  const found = new PricedRateCard(1n, { title: "", models: [model] }, settingsValidator).find(model.modelId);
  if (found === undefined) throw new Error("The card has lost its model.");
  return found;
}

function settled(model: PricedModel, settings: JsonObject, usage: Readonly<Record<string, string>>): bigint {
  const answer = priceUsage(model, settings, new Map(Object.entries(usage)));
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
  return answer.value.amountMicros;
}

function estimated(
  model: PricedModel,
  settings: JsonObject,
  known: Readonly<Record<string, string>>,
): Estimate {
  const answer = estimateCost(model, settings, new Map(Object.entries(known)));
  if (!("value" in answer)) throw new Error(JSON.stringify(answer.refusal));
  return answer.value;
}

/** What the measures declare, by the words of their comments. */
function declared(
  model: Model,
  given: JsonObject,
  bound: "minimum" | "expected" | "maximum",
): Map<string, Fraction> {
  const settings: JsonObject = { ...DEFAULTS, ...given };
  return new Map(model.measures.map((measure) => [measure.name, quantity(measure, settings, bound)]));
}

function quantity(
  measure: Measure,
  settings: JsonObject,
  bound: "minimum" | "expected" | "maximum",
): Fraction {
  let amount = Fraction.of(measure[bound]);
  const limit = measure.limitedBy === undefined ? undefined : settings[measure.limitedBy];
  if (limit !== undefined) {
    const most = Fraction.of(String(limit));
    if (bound === "maximum" || amount.exceeds(most)) amount = most;
  }
  for (const name of measure.times) amount = amount.times(Fraction.of(String(settings[name])));
  return amount;
}
