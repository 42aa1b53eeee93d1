import { expect } from "chai";
import { CatalogueError, parseCatalogue, readCatalogueFile } from "../../src/service/catalogue-file.ts";

function faultsOf(text: string): readonly string[] {
  try {
    parseCatalogue(text);
  } catch (error) {
    if (error instanceof CatalogueError) return error.faults.map((f) => `${f.place} ${f.description}`);
    throw error;
  }
  return [];
}

const PLAN = {
  plan_id: "solo",
  display_name: "Solo",
  rank: 1,
  credits: 10,
  limits: { workspaces: 1, members: null, agents: 2 },
  monthly_price: 100,
  yearly_price: 1000,
};

function withPlan(change: object): string {
  return JSON.stringify({ currency: "EUR", plans: [{ ...PLAN, ...change }], packs: [] });
}

describe("the catalogue file", () => {
  it("R-PLAN-1: the example has four plans, yearly at a discount, and three packs", () => {
    const { plans, packs, unitPrice } = readCatalogueFile("catalogue/plans.json");
    expect(plans.map(({ planId }) => planId)).to.deep.equal(["free", "starter", "pro", "team"]);
    expect(packs).to.have.length(3);
    expect(unitPrice?.amountMicros).to.equal(100_000_000n);
    for (const { monthlyPrice, yearlyPrice } of plans.slice(1))
      expect(yearlyPrice.amountMinor < 12n * monthlyPrice.amountMinor).to.equal(true);
  });

  it("R-PLAN-1: credits become microcredits, and null is no limit", () => {
    const { plans } = parseCatalogue(withPlan({}));
    expect(plans[0]).to.deep.include({
      cycleMicros: 10_000_000n,
      limits: { WORKSPACES: 1, MEMBERS: undefined, AGENTS: 2 },
      yearlyPrice: { amountMinor: 1000n, currency: "EUR" },
    });
  });

  const rows: readonly (readonly [title: string, text: string, faults: readonly string[]])[] = [
    [
      "no object",
      "[]",
      [
        "catalogue is not an object",
        "catalogue.currency is missing",
        "plans is not a list",
        "packs is not a list",
      ],
    ],
    [
      "a misspelled limit",
      withPlan({ limits: { workspaces: 1, member: 3, agents: 2 } }),
      ["plans[0].limits.member is not a field", "plans[0].limits.members is missing"],
    ],
    ["half a credit", withPlan({ credits: 0.5 }), ["plans[0].credits is not a whole number"]],
    ["a price as text", withPlan({ monthly_price: "1" }), ["plans[0].monthly_price is not a whole number"]],
    [
      "a currency that is none",
      JSON.stringify({ currency: "ABC", plans: [PLAN], packs: [] }),
      [
        "plans[0].monthly_price.currency is ABC, no currency of ISO 4217",
        "plans[0].yearly_price.currency is ABC, no currency of ISO 4217",
      ],
    ],
    [
      "what the rules refuse",
      withPlan({ monthly_price: -1 }),
      [
        "plans[0].monthly_price.amount_minor is -1, not from 0 to 1000000000000000",
        "plans[0].yearly_price is more than twelve months, -12",
      ],
    ],
  ];
  for (const [title, text, faults] of rows) {
    it(`R-PLAN-1: ${title} is refused whole, every fault named`, () => {
      expect(faultsOf(text)).to.deep.equal(faults);
    });
  }
});
