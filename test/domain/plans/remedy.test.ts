import { expect } from "chai";
import { remedyFor } from "../../../src/domain/plans/remedy.ts";
import { at, PlanBook } from "../support/plan-book.ts";

type Row = readonly [
  title: string,
  prepare: (book: PlanBook) => unknown,
  shortfall: bigint,
  pack: string | undefined,
  plan: string | undefined,
  refresh: string | undefined,
];

const NOTHING = (book: PlanBook) => book.grant("PURCHASED", 1, "p");

const ROWS: readonly Row[] = [
  ["without a subscription, by a first cycle", NOTHING, 50n, "small", "solo", undefined],
  ["a pack that just covers it", NOTHING, 500n, "large", "team", undefined],
  ["more than any offers", NOTHING, 5_000n, undefined, undefined, undefined],
  [
    "an upgrade, by what is left of the cycle",
    (book) => {
      book.subscribe("solo");
      book.on("2026-11-16");
    },
    106n,
    "large",
    "team",
    "2026-12-01",
  ],
  [
    "an upgrade that just covers it",
    (book) => {
      book.subscribe("solo");
      book.on("2026-11-16");
    },
    105n,
    "large",
    "crew",
    "2026-12-01",
  ],
  ["no lower plan", (book) => book.subscribe("team"), 5n, "small", undefined, "2026-12-01"],
  [
    "past due: no plan and no refresh",
    (book) => {
      book.subscribe("solo");
      book.suspend();
    },
    5n,
    "small",
    undefined,
    undefined,
  ],
  [
    "ending: no refresh",
    (book) => {
      book.subscribe("team");
      book.cancel();
    },
    5n,
    "small",
    undefined,
    undefined,
  ],
];

describe("the remedy of too little credits", () => {
  for (const [title, prepare, credits, pack, plan, refresh] of ROWS) {
    it(`R-HOLD-2: ${title}`, () => {
      const book = new PlanBook();
      prepare(book);
      const context = { catalogue: book.catalogueAt(book.now), now: book.now };
      const remedy = remedyFor(credits * 1_000_000n, book.ledger.subscription, context);
      expect(remedy.pack?.packId).to.equal(pack);
      expect(remedy.plan?.planId).to.equal(plan);
      expect(remedy.nextRefreshTime).to.equal(refresh === undefined ? undefined : at(refresh));
    });
  }
});
