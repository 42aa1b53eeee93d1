import { expect } from "chai";
import type { Model } from "../../../src/domain/pricing/model.ts";
import { checkRateCard } from "../../../src/domain/pricing/rate-card-check.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import { BROKEN_LINES } from "../support/broken-lines.ts";
import { BROKEN_MODELS } from "../support/broken-models.ts";
import { card, line, model } from "../support/model.ts";

const ROWS = [...BROKEN_LINES, ...BROKEN_MODELS];

describe("the check of a rate card (R-PRICE-5)", () => {
  it("lets a sound card pass", () => {
    expect(checkRateCard(card(model()), settingsValidator)).to.equal(undefined);
  });

  for (const [title, wrong, place, problem] of ROWS) {
    it(`refuses ${title} by name`, () => {
      const faults = checkRateCard(wrong, settingsValidator)?.faults ?? [];
      const told = faults.map((fault) => `${fault.place}: ${fault.problem}`);
      expect(
        told.some((each) => each.startsWith(`${place}: `) && each.includes(problem)),
        told.join("\n"),
      ).to.equal(true);
    });
  }

  it("tells all faults of all models at once", () => {
    const bad = (modelId: string): Model =>
      model({
        modelId,
        kind: undefined,
        lines: [line("a", { price: { rate: "-1" } }), line("b", { per: 0n })],
      });
    const refusal = checkRateCard(card(bad("one"), bad("two")), settingsValidator);
    expect(
      refusal?.faults.filter(({ modelId }) => modelId === "two").map(({ place }) => place),
    ).to.include.members(["kind", "lines.a.rate", "lines.b.per"]);
  });

  it("stops at a thousand faults", () => {
    const models = Array.from({ length: 2_000 }, (_, index) =>
      model({ modelId: `m${index}`, kind: undefined }),
    );
    expect(checkRateCard(card(...models), settingsValidator)?.faults.length).to.equal(1_000);
  });
});
