import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { at, PlanBook, textOf } from "../support/plan-book.ts";

/** The reference of the cycle that begins then, as lines show it. */
function cycle(day: string): string {
  return `cycle:${day}T00:00:00Z`;
}

function startsOf(book: PlanBook): string[] {
  return book.transactions
    .filter(({ kind }) => kind === "CYCLE_RESET")
    .map(({ effectiveTime }) => textOf(effectiveTime));
}

describe("a subscription's beginning", () => {
  it("R-PLAN-2, R-GRANT-1: grants the current cycle in full, expiring with it, and opens the organization", () => {
    const book = new PlanBook();
    expect(book.subscribe("solo")).to.deep.equal([
      `SUBSCRIPTION_START 100: ${cycle("2026-11-01")} OUTSIDE>FREE 100`,
    ]);
    expect(book.balance).to.equal("subscription 100 | available 100");
    expect(book.standing).to.equal("solo MONTHLY ACTIVE 2026-11-01..2026-12-01");
    expect(book.ledger.account.cycle).to.deep.equal({
      startTime: at("2026-11-01"),
      endTime: at("2026-12-01"),
    });
    expect(book.grantNamed(cycle("2026-11-01"))).to.deep.include({
      kind: "SUBSCRIPTION",
      expireTime: at("2026-12-01"),
    });
  });

  it("R-PLAN-2: an anchor in the past only places the boundaries; earlier cycles are not granted", () => {
    const book = new PlanBook("2026-11-20");
    expect(book.subscribe("solo", "MONTHLY", "2026-01-31")).to.have.length(1);
    expect(book.standing).to.equal("solo MONTHLY ACTIVE 2026-10-31..2026-11-30");
    expect(book.balance).to.equal("subscription 100 | available 100");
  });

  it("R-PLAN-2: an anchor ahead places them too", () => {
    const book = new PlanBook("2026-11-20");
    book.subscribe("solo", "MONTHLY", "2026-12-05");
    expect(book.standing).to.equal("solo MONTHLY ACTIVE 2026-11-05..2026-12-05");
  });

  it("R-PLAN-4: a yearly term is placed by the anchor as well", () => {
    const book = new PlanBook("2026-11-20");
    book.subscribe("solo", "YEARLY", "2025-03-31");
    expect(textOf(book.subscription.termStartTime)).to.equal("2026-03-31");
    expect(textOf(book.subscription.termEndTime)).to.equal("2027-03-31");
  });

  const refusals: readonly (readonly [title: string, reason: string, act: (book: PlanBook) => unknown])[] = [
    ["an unknown plan", "PLAN_NOT_FOUND", (book) => book.subscribe("gold")],
    ["a second subscription", "SUBSCRIPTION_EXISTS", (book) => book.subscribe("crew")],
    ["no subscription to change", "SUBSCRIPTION_NOT_FOUND", (book) => endedBook(book).change("crew")],
    ["no subscription to cancel", "SUBSCRIPTION_NOT_FOUND", (book) => endedBook(book).cancel()],
    ["no subscription to suspend", "SUBSCRIPTION_NOT_FOUND", (book) => endedBook(book).suspend()],
    ["no subscription to resume", "SUBSCRIPTION_NOT_FOUND", (book) => endedBook(book).resume()],
    [
      "an anchor in the far past",
      "ANCHOR_OUT_OF_RANGE",
      (book) => endedBook(book).subscribe("solo", "MONTHLY", "1999-12-31"),
    ],
    [
      "an anchor in the far future",
      "ANCHOR_OUT_OF_RANGE",
      (book) => endedBook(book).subscribe("solo", "MONTHLY", "2027-06-01"),
    ],
  ];
  for (const [title, reason, act] of refusals) {
    it(`R-PLAN-1, R-PLAN-2: ${title} is refused: ${reason}`, () => {
      const book = new PlanBook();
      book.subscribe("solo");
      if (title.includes("anchor") || title.includes("no subscription")) endedBook(book);
      expect(book.refusalOf(() => act(book))).to.have.property("reason", reason);
    });
  }

  it("R-BAL-6: nothing else about plans opens an organization", () => {
    const book = new PlanBook();
    for (const act of [
      () => book.change("solo"),
      () => book.cancel(),
      () => book.refundPurchase("payment:1"),
    ])
      expect(book.refusalOf(act)).to.have.property("reason", "ORGANIZATION_NOT_FOUND");
  });
});

/** The subscription is cancelled, and its term is over. */
function endedBook(book: PlanBook): PlanBook {
  if (book.subscription.state === "ENDED") return book;
  if (!book.subscription.scheduled) book.cancel();
  book.on("2026-12-01");
  return book;
}

describe("a boundary", () => {
  it("R-PLAN-3: is one change with both movements", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.charge("c", 30);
    expect(book.on("2026-12-01")).to.deep.equal([
      `CYCLE_RESET 100: ${cycle("2026-11-01")} FREE>EXPIRED 70, ${cycle("2026-12-01")} OUTSIDE>FREE 100`,
    ]);
    expect(book.balance).to.equal("subscription 100 | available 100");
    expect(book.last).to.deep.include({
      effectiveTime: at("2026-12-01"),
      actor: "system",
      requestId: undefined,
    });
  });

  it("R-PLAN-3, R-GRANT-3: happens exactly on time, and not a microsecond before", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    expect(book.at(at("2026-12-01") - 1n)).to.deep.equal([]);
    expect(book.at(at("2026-12-01"))).to.have.length(1);
    expect(book.at(at("2026-12-01"))).to.deep.equal([]);
  });

  it("R-PLAN-2: an anchor on the 31st gives the last of February and then 31 March again", () => {
    const book = new PlanBook("2028-01-31");
    book.subscribe("solo");
    book.on("2028-06-01");
    expect(startsOf(book)).to.deep.equal(["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]);
  });

  it("R-PLAN-3: each cycle of a year's sleep is recorded, in bounded pieces, with the same result", () => {
    const [whole, pieces] = [new PlanBook(), new PlanBook()];
    for (const book of [whole, pieces]) {
      book.subscribe("solo");
      book.grant("PROMOTIONAL", 5, "gift", at("2027-03-15"));
    }
    expect(whole.on("2027-11-01")).to.have.length(13);
    expect(pieces.onInPieces("2027-11-01", 5)).to.equal(3);
    expect(startsOf(pieces)).to.have.length(12).and.to.deep.equal(startsOf(whole));
    expect(pieces.balance).to.equal(whole.balance);
  });

  it("R-PLAN-3: purchased and promotional credits stay", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.grant("PURCHASED", 7, "p");
    book.grant("PROMOTIONAL", 5, "gift");
    book.on("2026-12-01");
    expect(book.balance).to.equal("subscription 100, promotional 5, purchased 7 | available 112");
  });

  it("R-BAL-5: at one moment holds end first, then grants, then the cycle", () => {
    const book = new PlanBook("2026-11-30T23:45Z");
    book.subscribe("solo", "MONTHLY", "2026-11-01");
    book.grant("PROMOTIONAL", 5, "gift", at("2026-12-01"));
    book.reserve("r", 60, 15n * MINUTE);
    const [hold, gift, reset, ...others] = book.on("2026-12-01");
    expect(hold).to.equal(`HOLD_EXPIRY 60: ${cycle("2026-11-01")} HELD>EXPIRED 60`);
    expect(gift).to.equal("GRANT_EXPIRY 5: gift FREE>EXPIRED 5");
    expect(reset).to.include("CYCLE_RESET 100");
    expect(others).to.deep.equal([]);
  });

  it("R-HOLD-6: a hold outlives its cycle: settling consumes the old credits, the rest expires at once", () => {
    const book = new PlanBook("2026-11-30");
    book.subscribe("solo", "MONTHLY", "2026-11-01");
    book.reserve("r", 60, 3n * DAY);
    book.on("2026-12-01");
    expect(book.balance).to.equal("subscription 160, reserved 60 | available 100");
    expect(book.settle("r", 40)).to.deep.equal([
      `SETTLE 40: ${cycle("2026-11-01")} HELD>CONSUMED 40, ${cycle("2026-11-01")} HELD>EXPIRED 20`,
    ]);
    expect(book.balance).to.equal("subscription 100 | available 100");
  });

  it("R-GRANT-7: the new cycle pays debt first", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.charge("c", 120, true);
    expect(book.on("2026-12-01")).to.deep.equal([
      `CYCLE_RESET 100: ${cycle("2026-12-01")} OUTSIDE>FREE 100, ${cycle("2026-12-01")} FREE>DEBT #2 20`,
    ]);
    expect(book.balance).to.equal("subscription 80 | available 80");
  });

  it("R-GRANT-4: a reference that somebody used for a grant of its own does not stop it", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.grant("PROMOTIONAL", 1, cycle("2026-12-01"));
    book.on("2026-12-01");
    expect(book.grantNamed(`${cycle("2026-12-01")}/2`).amountMicros).to.equal(100_000_000n);
  });

  it("R-AMT-3: what would exceed the most that can be owned is left out, for it can't be refused", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    const most = 10n ** 15n;
    for (let grant = 0; grant < 999; grant += 1) book.grant("PURCHASED", most, `p${grant}`);
    book.grant("PURCHASED", most - 101_000_000n, "last");
    book.charge("c", 40);
    book.grant("PURCHASED", 40, "more");
    book.on("2026-12-01");
    expect(book.balance, "room for 61 of 100").to.include("subscription 61,");
  });

  it("R-PLAN-1: an edited plan gives its new credits from the next cycle on; nobody loses mid-cycle", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.on("2026-11-15");
    book.edit("solo", { cycleMicros: 40_000_000n });
    expect(book.balance).to.equal("subscription 100 | available 100");
    book.on("2026-12-01");
    expect(book.balance).to.equal("subscription 40 | available 40");
  });

  it("R-PLAN-1: a boundary that is recorded late goes by the catalogue of its time", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.clock = at("2027-01-15");
    book.catalogues.push({ ...book.catalogueAt(0n), plans: [], effectiveTime: at("2027-01-10") });
    const [first, second] = book.on("2027-01-15");
    expect(first).to.include("CYCLE_RESET 100");
    expect(second).to.include("CYCLE_RESET 100");
  });

  it("R-PLAN-1: an edited price counts from the next term on", () => {
    const book = new PlanBook();
    book.subscribe("solo", "YEARLY");
    book.edit("solo", { yearlyPrice: { amountMinor: 1n, currency: "EUR" } });
    book.on("2026-12-01");
    expect(book.subscription.price.amountMinor).to.equal(1_000n);
    book.on("2027-11-01");
    expect(book.subscription.price.amountMinor).to.equal(1n);
  });

  it("R-PLAN-4: paid yearly, credits still come monthly on the same anchor", () => {
    const book = new PlanBook("2027-01-31");
    book.subscribe("solo", "YEARLY");
    book.on("2027-04-30");
    expect(startsOf(book)).to.deep.equal(["2027-02-28", "2027-03-31", "2027-04-30"]);
    expect(textOf(book.subscription.termEndTime)).to.equal("2028-01-31");
  });
});
