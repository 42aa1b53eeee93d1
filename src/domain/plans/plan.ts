import type { Price } from "./price.ts";

/** How often a subscription is paid; credits come monthly either way (R-PLAN-4). */
export type BillingPeriod = "MONTHLY" | "YEARLY";

export type LimitKind = "WORKSPACES" | "MEMBERS" | "AGENTS";

/** How many an organization may have of each; undefined is no limit. */
export type PlanLimits = Readonly<Record<LimitKind, number | undefined>>;

/** What can be subscribed to, as one version of the catalogue has it (R-PLAN-1). */
export type Plan = Readonly<{
  planId: string;
  displayName: string;
  /** A change to a higher rank is an upgrade. */
  rank: number;
  /** The credits of each monthly cycle. */
  cycleMicros: bigint;
  limits: PlanLimits;
  monthlyPrice: Price;
  yearlyPrice: Price;
}>;

export const LIMIT_KINDS: readonly LimitKind[] = ["WORKSPACES", "MEMBERS", "AGENTS"];

export const NO_LIMITS: PlanLimits = Object.freeze({
  WORKSPACES: undefined,
  MEMBERS: undefined,
  AGENTS: undefined,
});

/** How many monthly cycles a paid term has. */
export function cyclesOfTerm(billingPeriod: BillingPeriod): number {
  return billingPeriod === "MONTHLY" ? 1 : 12;
}

export function priceOf(plan: Plan, billingPeriod: BillingPeriod): Price {
  return billingPeriod === "MONTHLY" ? plan.monthlyPrice : plan.yearlyPrice;
}
