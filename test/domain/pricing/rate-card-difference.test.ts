import { expect } from "chai";
import type { Model } from "../../../src/domain/pricing/model.ts";
import { PricedRateCard } from "../../../src/domain/pricing/priced-rate-card.ts";
import { compareRateCards } from "../../../src/domain/pricing/rate-card-difference.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { card, line, model, SETTINGS } from "../support/model.ts";

const priced = (...models: readonly Model[]) => new PricedRateCard(1n, card(...models), settingsValidator);
const dearer = (modelId: string) =>
  model({ modelId, lines: [...model().lines, line("fee", { price: { rate: "0.2" } })] });

describe("the difference of two rate cards", () => {
  it("names what was added, removed and changed, with the price of a call with default settings", () => {
    const before = priced(model({ modelId: "a" }), model({ modelId: "b" }), model({ modelId: "c" }));
    const after = priced(model({ modelId: "d" }), dearer("b"), model({ modelId: "c" }));
    expect(compareRateCards(before, after)).to.deep.equal([
      { modelId: "a", kind: "REMOVED", previousExpectedMicros: 800_000n, expectedMicros: undefined },
      { modelId: "b", kind: "CHANGED", previousExpectedMicros: 800_000n, expectedMicros: 1_000_000n },
      { modelId: "d", kind: "ADDED", previousExpectedMicros: undefined, expectedMicros: 800_000n },
    ]);
  });

  it("is empty for a card whose names stand in another order", () => {
    const { settingsSchema, ...rest } = model();
    const reordered = {
      settingsSchema: Object.fromEntries(Object.entries(settingsSchema).reverse()),
      ...rest,
    };
    expect(compareRateCards(priced(model()), priced(reordered as Model))).to.deep.equal([]);
  });

  it("has no price for a model that requires a setting", () => {
    const strict = model({ settingsSchema: { ...SETTINGS, required: ["max_tokens"] } });
    expect(compareRateCards(undefined, priced(strict))[0]?.expectedMicros).to.equal(undefined);
  });
});
