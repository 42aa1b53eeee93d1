import { expect } from "chai";
import { CATALOGUE } from "../support/catalogue.ts";
import { at, bookOn, previewed, textOf } from "../support/plan-book.ts";

const EDITED = { amountMinor: 7n, currency: "EUR" };
const CHOICES = CATALOGUE.plans.flatMap(({ planId }) => [
  [planId, "MONTHLY"] as const,
  [planId, "YEARLY"] as const,
]);

describe("a preview", () => {
  it("R-PLAN-7: tells credits now and next, price and dates, and has no effect", () => {
    const book = bookOn("solo");
    book.on("2026-11-16");
    const before = structuredClone(book.stored);
    const { after: _after, ...shown } = previewed(book, "crew", "YEARLY");
    expect(shown).to.deep.equal({
      kind: "PLAN_CHANGE",
      effectiveTime: at("2026-11-16"),
      grantedMicros: 105_000_000n,
      duePrice: { amountMinor: 105n, currency: "EUR" },
      nextCycleMicros: 310_000_000n,
      nextTermPrice: { amountMinor: 3_100n, currency: "EUR" },
    });
    expect(book.stored).to.deep.equal(before);
  });

  it("R-PLAN-7: shows exactly what the change then does", () => {
    for (const planId of ["free", "solo", "crew", "team"]) {
      for (const period of ["MONTHLY", "YEARLY"] as const) {
        const book = bookOn("solo");
        book.on("2026-11-07");
        const outcome = book.preview(planId, period);
        if ("refusal" in outcome) {
          expect(book.refusalOf(() => book.change(planId, period))).to.deep.equal(outcome.refusal);
        } else if ("change" in outcome) {
          book.change(planId, period);
          expect(book.subscription).to.deep.equal(outcome.change.after);
          expect(book.last.amountMicros).to.equal(outcome.change.grantedMicros);
        }
      }
    }
  });

  for (const day of ["2027-03-15", "2027-10-15"]) {
    for (const [planId, period] of CHOICES) {
      it(`R-PLAN-7, R-PLAN-1: of ${planId} ${period} on ${day}, from edited plans, is what then happens`, () => {
        const book = bookOn("crew", "YEARLY");
        book.on(day);
        for (const { planId: edited, cycleMicros } of CATALOGUE.plans)
          book.edit(edited, { cycleMicros: cycleMicros + 7n, monthlyPrice: EDITED, yearlyPrice: EDITED });
        // What one has can be chosen only where something else is scheduled.
        if (planId === "crew" && period === "YEARLY") book.cancel();
        const { nextCycleMicros, nextTermPrice } = previewed(book, planId, period);
        book.change(planId, period);
        book.at(book.subscription.cycleEndTime);
        expect(book.last.amountMicros).to.equal(nextCycleMicros);
        book.at(book.subscription.termEndTime);
        expect(book.subscription.price).to.deep.equal(nextTermPrice);
      });
    }
  }

  it("R-PLAN-7, R-PLAN-1: a downgrade's next cycle is the present plan's where the term goes on", () => {
    const { nextCycleMicros, effectiveTime, duePrice } = previewed(
      bookOn("crew", "YEARLY"),
      "solo",
      "YEARLY",
    );
    expect(nextCycleMicros).to.equal(310_000_000n);
    expect(textOf(effectiveTime)).to.equal("2027-11-01");
    expect(duePrice.amountMinor).to.equal(0n);
  });
});
