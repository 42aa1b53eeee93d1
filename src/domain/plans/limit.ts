import type { Catalogue } from "./catalogue.ts";
import { LIMIT_KINDS, type LimitKind, type Plan, type PlanLimits } from "./plan.ts";

/** How many there are, as the caller states; undefined is not known (R-PLAN-10). */
export type LimitCounts = Readonly<Record<LimitKind, number | undefined>>;

export type LimitExcess = Readonly<{ kind: LimitKind; count: number; limit: number }>;

export type LimitCheck = Readonly<{
  allowed: boolean;
  /** Undefined: any number. */
  limit: number | undefined;
  /** Where it is not allowed: the lowest plan that would allow it. */
  sufficientPlan: Plan | undefined;
}>;

/** Every limit that the counts exceed (R-PLAN-6). */
export function limitExcesses(limits: PlanLimits, counts: LimitCounts): readonly LimitExcess[] {
  return LIMIT_KINDS.flatMap((kind) => {
    const count = counts[kind];
    const limit = limits[kind];
    return count === undefined || limit === undefined || count <= limit ? [] : [{ kind, count, limit }];
  });
}

/** R-PLAN-10. */
export function checkLimit(plan: Plan, kind: LimitKind, count: number, catalogue: Catalogue): LimitCheck {
  const limit = plan.limits[kind];
  if (limit === undefined || count <= limit) return { allowed: true, limit, sufficientPlan: undefined };
  const sufficient = catalogue.plans.filter(
    (other) => other.planId !== plan.planId && count <= (other.limits[kind] ?? count),
  );
  const [sufficientPlan] = sufficient.sort((left, right) => left.rank - right.rank);
  return { allowed: false, limit, sufficientPlan };
}
