import { expect } from "chai";
import { DAY } from "../../../src/domain/time.ts";
import { at, PlanBook } from "../support/plan-book.ts";

/** The reference of the cycle that begins then, as lines show it. */
function cycle(day: string): string {
  return `cycle:${day}T00:00:00Z`;
}

describe("past due", () => {
  it("R-PLAN-8: credits that are there can be spent, but the next cycle gives none", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    expect(book.suspend()).to.deep.equal(["SUBSCRIPTION_SUSPEND 0"]);
    expect(book.balance).to.equal("subscription 100 | available 100");
    expect(book.on("2026-12-01")).to.deep.equal([`CYCLE_RESET 0: ${cycle("2026-11-01")} FREE>EXPIRED 100`]);
    expect(book.balance).to.equal("nothing | available 0");
  });

  it("R-PLAN-8: resuming grants the current cycle in full, once; cycles in between are recorded as skipped", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.suspend();
    book.on("2027-02-15");
    const skipped = book.transactions.flatMap(
      ({ subscriptionAfter }) => subscriptionAfter?.cycleSkipped ?? [],
    );
    expect(skipped).to.deep.equal([false, false, true, true, true]);
    expect(book.resume()).to.deep.equal([`SUBSCRIPTION_RESUME 100: ${cycle("2027-02-01")} OUTSIDE>FREE 100`]);
    book.expectUnchanged(() => book.resume());
    book.suspend();
    expect(book.resume()).to.deep.equal(["SUBSCRIPTION_RESUME 0"]);
    expect(book.balance).to.equal("subscription 100 | available 100");
    expect(book.standing).to.equal("solo MONTHLY ACTIVE 2027-02-01..2027-03-01");
  });

  it("R-PLAN-8: what is free of the cycle can be voided at once; resuming gives that back, and no more", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.charge("c", 30);
    book.reserve("r", 20, DAY);
    expect(book.suspend(true)).to.deep.equal([
      `SUBSCRIPTION_SUSPEND 50: ${cycle("2026-11-01")} FREE>VOIDED 50`,
    ]);
    expect(book.release("r")).to.deep.equal([`RELEASE 20: ${cycle("2026-11-01")} HELD>VOIDED 20`]);
    expect(book.balance).to.equal("nothing | available 0");
    expect(book.resume()).to.deep.equal([`SUBSCRIPTION_RESUME 70: ${cycle("2026-11-01")} VOIDED>FREE 70`]);
    expect(book.balance).to.equal("subscription 70 | available 70");
  });

  it("R-PLAN-8: suspending again changes nothing, but can still void", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.suspend();
    book.expectUnchanged(() => book.suspend());
    expect(book.suspend(true)).to.deep.equal([
      `SUBSCRIPTION_SUSPEND 100: ${cycle("2026-11-01")} FREE>VOIDED 100`,
    ]);
    book.expectUnchanged(() => book.suspend(true));
  });

  it("R-PLAN-8: voided credits of a cycle that is over do not come back", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.suspend(true);
    book.on("2026-12-15");
    book.resume();
    expect(book.balance).to.equal("subscription 100 | available 100");
    expect(book.grantNamed(cycle("2026-11-01"))).to.deep.include({
      voidedMicros: 100_000_000n,
      voided: true,
    });
  });

  it("R-PLAN-8, R-HOLD-12: what is spent of the cycle is void too: a refund counts from resuming on, and not before", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.charge("c", 100);
    expect(book.suspend(true)).to.deep.equal(["SUBSCRIPTION_SUSPEND 0"]);
    expect(book.refund("c", 40)).to.deep.equal([`REFUND 40: ${cycle("2026-11-01")} CONSUMED>VOIDED 40`]);
    expect(book.balance).to.equal("nothing | available 0");
    expect(book.resume()).to.deep.equal([`SUBSCRIPTION_RESUME 40: ${cycle("2026-11-01")} VOIDED>FREE 40`]);
    expect(book.refund("c")).to.deep.equal([`REFUND 60: ${cycle("2026-11-01")} CONSUMED>FREE 60`]);
    expect(book.balance).to.equal("subscription 100 | available 100");
  });

  it("R-PLAN-8: the grants of an upgrade are the cycle's own as well, and those of another time are not", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.asRequest("q", () => book.change("crew"));
    book.grant("SUBSCRIPTION", 5, "other", at("2026-12-02"));
    book.grant("PROMOTIONAL", 5, "gift", at("2026-12-01"));
    book.charge("c", 320);
    book.suspend(true);
    expect(book.subscription.suspendedGrantIds.toSorted()).to.deep.equal(
      [cycle("2026-11-01"), "change:q"].map((reference) => book.grantIdOf(reference)).toSorted(),
    );
    book.refund("c");
    expect(book.balance).to.equal("subscription 5, promotional 5 | available 10");
    book.resume();
    expect(book.balance).to.equal("subscription 315, promotional 5 | available 320");
  });

  it("R-PLAN-8, R-HOLD-12: a cycle that ends void stays so: a refund of what it paid is void, also once another goes on", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.charge("c", 100);
    book.suspend(true);
    book.on("2026-12-15");
    book.resume();
    expect(book.refund("c")).to.deep.equal([`REFUND 100: ${cycle("2026-11-01")} CONSUMED>VOIDED 100`]);
    expect(book.balance).to.equal("subscription 100 | available 100");
  });

  it("R-PLAN-8: a plan can't be changed, but it can be cancelled", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.suspend();
    expect(book.refusalOf(() => book.change("crew"))).to.have.property("reason", "SUBSCRIPTION_PAST_DUE");
    book.cancel();
    book.on("2026-12-01");
    expect(book.subscription.state).to.equal("ENDED");
  });
});
