import { expect } from "chai";
import { type CatalogueContent, priceOfCredits } from "../../../src/domain/plans/catalogue.ts";
import { catalogueFaults } from "../../../src/domain/plans/catalogue-fault.ts";
import { CATALOGUE } from "../support/catalogue.ts";

type Row = readonly [title: string, change: Partial<CatalogueContent>, faults: readonly string[]];

const [FREE, SOLO, CREW] = CATALOGUE.plans;
const [SMALL] = CATALOGUE.packs;
if (!FREE || !SOLO || !CREW || !SMALL) throw new Error("the test's catalogue is short");

const ROWS: readonly Row[] = [
  ["is sound", {}, []],
  [
    "a plan without an id",
    { plans: [{ ...FREE, planId: "" }] },
    ["plans[0].plan_id is not 1-128 of letters, digits and -_.:/@"],
  ],
  [
    "two plans of one id",
    { plans: [FREE, { ...SOLO, planId: "free" }] },
    ["plans[1].plan_id is free, as plans[0] has it"],
  ],
  [
    "two plans of one rank",
    { plans: [FREE, { ...SOLO, rank: 0 }] },
    ["plans[1].rank is 0, as plans[0] has it"],
  ],
  [
    "less than no credits",
    { plans: [{ ...FREE, cycleMicros: -1n }] },
    ["plans[0].cycle_micros is -1, not from 0 to 1000000000000000"],
  ],
  [
    "a limit below zero",
    { plans: [{ ...FREE, limits: { ...FREE.limits, MEMBERS: -1 } }] },
    ["plans[0].limits.members is -1, not a whole number from 0 on"],
  ],
  [
    "no currency",
    { plans: [{ ...FREE, monthlyPrice: { amountMinor: 0n, currency: "" } }] },
    ["plans[0].monthly_price.currency is missing"],
  ],
  [
    "a currency by its sign",
    { packs: [{ ...SMALL, price: { amountMinor: 1n, currency: "€" } }] },
    ["packs[0].price.currency is €, no currency of ISO 4217", "catalogue has prices in EUR and €"],
  ],
  [
    "three letters that are no currency",
    { unitPrice: { amountMicros: 1n, price: { amountMinor: 1n, currency: "ABC" } }, packs: [] },
    ["unit_price.price.currency is ABC, no currency of ISO 4217", "catalogue has prices in EUR and ABC"],
  ],
  [
    "a negative price",
    { packs: [{ ...SMALL, price: { amountMinor: -1n, currency: "EUR" } }] },
    ["packs[0].price.amount_minor is -1, not from 0 to 1000000000000000"],
  ],
  [
    "an empty pack",
    { packs: [{ ...SMALL, amountMicros: 0n }] },
    ["packs[0].amount_micros is 0, not from 1 to 1000000000000000"],
  ],
  [
    "a name with NUL",
    { packs: [{ ...SMALL, displayName: "S\u0000" }] },
    ["packs[0].display_name holds NUL, which no database keeps in a text"],
  ],
  ["two packs of one id", { packs: [SMALL, SMALL] }, ["packs[1].pack_id is small, as packs[0] has it"]],
  [
    "credits for nothing measured",
    { unitPrice: { amountMicros: 0n, price: SMALL.price } },
    ["unit_price.amount_micros is 0, not from 1 to 1000000000000000"],
  ],
  [
    "several faults, each named",
    {
      plans: [{ ...SOLO, yearlyPrice: { amountMinor: 99n * 12n * 12n, currency: "USD" }, rank: 0.5 }],
      packs: [],
    },
    [
      "plans[0].rank is 0.5, not a whole number",
      "plans[0].yearly_price is more than twelve months, 1200",
      "catalogue has prices in EUR and USD",
    ],
  ],
];

describe("a catalogue", () => {
  for (const [title, change, faults] of ROWS) {
    it(`R-PLAN-1: ${title}`, () => {
      const found = catalogueFaults({ ...CATALOGUE, ...change }, new Set());
      expect(found.map(({ place, description }) => `${place} ${description}`)).to.deep.equal(faults);
    });
  }

  it("R-PLAN-1: without a plan that somebody is on it is refused", () => {
    const found = catalogueFaults({ ...CATALOGUE, plans: [FREE] }, new Set(["free", "solo"]));
    expect(found).to.deep.equal([{ place: "plans", description: "lacks solo, which is in use" }]);
  });

  it("R-PLAN-9, R-PLAN-11: credits by number cost the unit price in proportion, rounded up once", () => {
    const unit = { amountMicros: 3_000_000n, price: { amountMinor: 100n, currency: "EUR" } };
    const cost = (micros: bigint) => priceOfCredits(micros, unit).amountMinor;
    expect([1n, 3_000_000n, 3_000_001n, 4_500_000n].map(cost)).to.deep.equal([1n, 100n, 101n, 150n]);
  });
});
