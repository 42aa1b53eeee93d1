import { expect } from "chai";
import { at, bookOn, type PlanBook, previewed, textOf } from "../support/plan-book.ts";

describe("an upgrade", () => {
  it("R-PLAN-5: is at once: the cycle keeps its boundaries, the difference comes in proportion to the time left", () => {
    const book = bookOn("solo");
    book.on("2026-11-16");
    expect(book.asRequest("q", () => book.change("crew"))).to.deep.equal([
      "PLAN_CHANGE 105: change:q OUTSIDE>FREE 105",
    ]);
    expect(book.standing).to.equal("crew MONTHLY ACTIVE 2026-11-01..2026-12-01");
    expect(book.grantNamed("change:q").expireTime).to.equal(at("2026-12-01"));
    expect(book.on("2026-12-01").join()).to.include("CYCLE_RESET 310");
  });

  const shares: readonly (readonly [when: bigint, grantedMicros: bigint])[] = [
    [at("2026-11-01"), 210_000_000n],
    [at("2026-11-01") + 1n, 210_000_000n],
    [at("2026-11-16"), 105_000_000n],
    [at("2026-12-01") - 1n, 1n],
  ];
  for (const [when, grantedMicros] of shares) {
    it(`R-PLAN-5: the difference is rounded up to a whole microcredit: ${grantedMicros} at ${textOf(when)}`, () => {
      const book = bookOn("solo");
      book.at(when);
      book.change("crew");
      expect(book.last.amountMicros).to.equal(grantedMicros);
    });
  }

  it("R-PLAN-5, R-PLAN-6: plans compare by the ranks of the catalogue in force, which may be numbered anew", () => {
    const book = bookOn("crew");
    for (const [planId, rank] of [
      ["free", 0],
      ["solo", 100],
      ["crew", 200],
    ] as const)
      book.edit(planId, { rank });
    book.change("solo");
    expect(book.standing).to.include("crew MONTHLY ACTIVE");
    expect(book.subscription?.scheduled?.planId).to.equal("solo");
  });

  it("R-PLAN-5: replaces a scheduled change, a cancellation too", () => {
    for (const schedule of [(book: PlanBook) => book.change("free"), (book: PlanBook) => book.cancel()]) {
      const book = bookOn("solo");
      schedule(book);
      book.change("crew");
      expect(book.standing).to.equal("crew MONTHLY ACTIVE 2026-11-01..2026-12-01");
    }
  });

  it("R-PLAN-5: going up in steps, or down and up, yields no more than the highest plan's credits", () => {
    const book = bookOn("free");
    book.change("solo");
    book.change("crew");
    expect(book.balance).to.equal("subscription 310 | available 310");
    book.change("solo");
    book.change("crew");
    expect(book.balance).to.equal("subscription 310 | available 310");
    book.edit("team", { cycleMicros: 5_000_000n });
    book.change("team");
    expect(book.balance, "a higher plan with less takes nothing back").to.equal(
      "subscription 310 | available 310",
    );
  });

  it("R-PLAN-5, R-PLAN-6: with another billing period, the plan changes at once and the period with the term", () => {
    const book = bookOn("solo");
    book.change("crew", "YEARLY");
    expect(book.standing).to.equal("crew MONTHLY ACTIVE 2026-11-01..2026-12-01, then crew YEARLY");
    book.on("2026-12-01");
    expect(book.standing).to.equal("crew YEARLY ACTIVE 2026-12-01..2027-01-01");
    expect(textOf(book.subscription.termEndTime)).to.equal("2027-12-01");
  });

  it("R-PLAN-11: costs the difference in price for what is left of the term, rounded up", () => {
    const monthly = bookOn("solo");
    monthly.on("2026-11-16");
    expect(previewed(monthly, "crew").duePrice).to.deep.equal({ amountMinor: 105n, currency: "EUR" });
    const yearly = bookOn("solo", "YEARLY");
    yearly.on("2027-10-31");
    expect(previewed(yearly, "crew", "YEARLY").duePrice.amountMinor).to.equal(6n);
  });
});

describe("a change that waits", () => {
  const rows: readonly (readonly [
    title: string,
    from: readonly ["solo" | "crew", "MONTHLY" | "YEARLY"],
    to: readonly ["solo" | "crew", "MONTHLY" | "YEARLY"],
    effective: string,
  ])[] = [
    ["a downgrade, paid monthly: at the boundary", ["crew", "MONTHLY"], ["solo", "MONTHLY"], "2026-12-01"],
    [
      "a downgrade, paid yearly: at the end of the year",
      ["crew", "YEARLY"],
      ["solo", "YEARLY"],
      "2027-11-01",
    ],
    ["yearly to monthly: at the end of the year", ["solo", "YEARLY"], ["solo", "MONTHLY"], "2027-11-01"],
    ["monthly to yearly: from the next boundary", ["solo", "MONTHLY"], ["solo", "YEARLY"], "2026-12-01"],
  ];
  for (const [title, from, [planId, period], effective] of rows) {
    it(`R-PLAN-6: ${title}; nothing is taken back before`, () => {
      const book = bookOn(...from);
      const { balance } = book;
      expect(book.change(planId, period)).to.deep.equal(["PLAN_CHANGE_SCHEDULE 0"]);
      expect(book.balance).to.equal(balance);
      book.at(at(effective) - 1n);
      expect(book.subscription.plan.planId).to.equal(from[0]);
      book.on(effective);
      expect([book.subscription.plan.planId, book.subscription.billingPeriod]).to.deep.equal([
        planId,
        period,
      ]);
      expect(textOf(book.subscription.termStartTime)).to.equal(effective);
    });
  }

  it("R-PLAN-6: a cancellation is at the end of the paid term: unused credits expire, and no more come", () => {
    const book = bookOn("solo");
    expect(book.cancel()).to.deep.equal(["SUBSCRIPTION_CANCEL 0"]);
    book.expectUnchanged(() => book.cancel());
    expect(book.on("2026-12-01")).to.deep.equal([
      "SUBSCRIPTION_END 100: cycle:2026-11-01T00:00:00Z FREE>EXPIRED 100",
    ]);
    expect(book.on("2027-02-01")).to.deep.equal([]);
    expect(book.ledger.account.cycle).to.equal(undefined);
    book.subscribe("crew");
    expect(book.standing).to.equal("crew MONTHLY ACTIVE 2027-02-01..2027-03-01");
  });

  it("R-PLAN-4, R-PLAN-6: cancelled while paid yearly, cycles go on until the year is over", () => {
    const book = bookOn("solo", "YEARLY");
    book.cancel();
    expect(book.on("2027-10-01").at(-1)).to.include("CYCLE_RESET 100");
    expect(book.on("2027-11-01").join()).to.include("SUBSCRIPTION_END 100");
  });

  const withdrawals: readonly (readonly [title: string, act: (book: PlanBook) => unknown])[] = [
    ["by its own call", (book) => book.withdraw()],
    ["by choosing the current plan", (book) => book.change("crew")],
  ];
  for (const [title, act] of withdrawals) {
    it(`R-PLAN-5, R-PLAN-6: can be withdrawn until then ${title}, which grants nothing`, () => {
      for (const schedule of [(book: PlanBook) => book.change("solo"), (book: PlanBook) => book.cancel()]) {
        const book = bookOn("crew");
        schedule(book);
        expect(act(book)).to.deep.equal(["PLAN_CHANGE_WITHDRAW 0"]);
        book.on("2026-12-01");
        expect(book.standing).to.equal("crew MONTHLY ACTIVE 2026-12-01..2027-01-01");
      }
    });
  }

  const refusals: readonly (readonly [title: string, reason: string, act: (book: PlanBook) => unknown])[] = [
    ["the plan that one has", "PLAN_UNCHANGED", (book) => book.change("crew")],
    ["an unknown plan", "PLAN_NOT_FOUND", (book) => book.change("gold")],
    ["withdrawing nothing", "PLAN_CHANGE_NOT_SCHEDULED", (book) => book.withdraw()],
    [
      "two changes at once",
      "PLAN_CHANGE_SCHEDULED",
      (book) => {
        book.change("solo");
        book.change("free");
      },
    ],
    [
      "a change beside a cancellation",
      "PLAN_CHANGE_SCHEDULED",
      (book) => {
        book.cancel();
        book.change("solo");
      },
    ],
    [
      "limits that are exceeded",
      "PLAN_LIMIT_EXCEEDED",
      (book) => book.change("solo", "MONTHLY", { MEMBERS: 4 }),
    ],
  ];
  for (const [title, reason, act] of refusals) {
    it(`R-PLAN-5, R-PLAN-6: ${title} is refused: ${reason}`, () => {
      const book = bookOn("crew");
      let refusal: unknown;
      try {
        act(book);
      } catch (error) {
        refusal = (error as { refusal?: { reason: string } }).refusal?.reason;
      }
      expect(refusal).to.equal(reason);
    });
  }

  it("R-PLAN-6: asking for the same change again changes nothing", () => {
    const book = bookOn("crew");
    book.change("solo");
    expect(book.unchangedBy(() => book.change("solo"))).to.deep.equal([2n]);
  });

  it("R-PLAN-6: every excess is listed; counts that grow afterwards do not stop a downgrade", () => {
    const book = bookOn("crew");
    const refusal = book.refusalOf(() =>
      book.change("free", "MONTHLY", { WORKSPACES: 2, MEMBERS: 9, AGENTS: 9 }),
    );
    expect(refusal).to.deep.include({
      excesses: [
        { kind: "WORKSPACES", count: 2, limit: 1 },
        { kind: "MEMBERS", count: 9, limit: 1 },
      ],
    });
    book.change("free", "MONTHLY", { MEMBERS: 1 });
    book.on("2026-12-01");
    expect(book.subscription.plan.planId).to.equal("free");
  });
});
