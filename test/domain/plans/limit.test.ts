import { expect } from "chai";
import { checkLimit } from "../../../src/domain/plans/limit.ts";
import type { LimitKind } from "../../../src/domain/plans/plan.ts";
import { CATALOGUE } from "../support/catalogue.ts";
import { PlanBook } from "../support/plan-book.ts";

type Row = readonly [
  planId: string,
  kind: LimitKind,
  count: number,
  allowed: boolean,
  limit: number | undefined,
  plan: string | undefined,
];

const ROWS: readonly Row[] = [
  ["solo", "MEMBERS", 3, true, 3, undefined],
  ["solo", "MEMBERS", 4, false, 3, "crew"],
  ["solo", "MEMBERS", 11, false, 3, "team"],
  ["solo", "WORKSPACES", 9, false, 2, undefined],
  ["free", "AGENTS", 1_000_000, true, undefined, undefined],
  ["free", "MEMBERS", 0, true, 1, undefined],
  ["team", "MEMBERS", 1_000_000, true, undefined, undefined],
];

describe("a limit check", () => {
  for (const [planId, kind, count, allowed, limit, sufficient] of ROWS) {
    it(`R-PLAN-10: ${count} ${kind} on ${planId}: ${allowed ? "allowed" : `try ${sufficient ?? "none"}`}`, () => {
      const check = checkLimit(new PlanBook().plan(planId), kind, count, CATALOGUE);
      expect(check.allowed).to.equal(allowed);
      expect(check.limit).to.equal(limit);
      expect(check.sufficientPlan?.planId).to.equal(sufficient);
    });
  }

  it("R-PLAN-6: denies after a downgrade what the higher plan allowed", () => {
    const book = new PlanBook();
    book.subscribe("crew");
    book.change("solo");
    const allowed = () => checkLimit(book.subscription.plan, "MEMBERS", 9, CATALOGUE).allowed;
    expect(allowed()).to.equal(true);
    book.on("2026-12-01");
    expect(allowed()).to.equal(false);
  });
});
