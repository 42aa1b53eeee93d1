import type { Time } from "../time.ts";
import { type Catalogue, findPlan, rankIn } from "./catalogue.ts";
import { type LimitCounts, type LimitExcess, limitExcesses } from "./limit.ts";
import { type BillingPeriod, type Plan, priceOf } from "./plan.ts";
import { differenceDue, type Price, shareOf } from "./price.ts";
import { planOfNextCycle, type ScheduledChange, type Subscription } from "./subscription.ts";

export type PlanWish = Readonly<{ planId: string; billingPeriod: BillingPeriod; counts: LimitCounts }>;

/** What a change of plan does. Its preview is the same value, thrown away (R-PLAN-7). */
export type PlanChange = Readonly<{
  kind: "PLAN_CHANGE" | "PLAN_CHANGE_SCHEDULE" | "PLAN_CHANGE_WITHDRAW";
  /** The subscription after it. */
  after: Subscription;
  /** When the plan changes; when the period does, where only that does. */
  effectiveTime: Time;
  /** Granted at once. */
  grantedMicros: bigint;
  /** To be paid at once, for the rest of the term. */
  duePrice: Price;
  /** What the next cycle gives, and the next term costs, as the catalogue is now. */
  nextCycleMicros: bigint;
  nextTermPrice: Price;
}>;

export type PlanChangeRefusal =
  | Readonly<{ reason: "PLAN_NOT_FOUND"; planId: string }>
  | Readonly<{ reason: "SUBSCRIPTION_PAST_DUE"; subscription: Subscription }>
  | Readonly<{ reason: "PLAN_UNCHANGED"; subscription: Subscription }>
  | Readonly<{ reason: "PLAN_CHANGE_SCHEDULED"; subscription: Subscription; scheduled: ScheduledChange }>
  | Readonly<{ reason: "PLAN_LIMIT_EXCEEDED"; plan: Plan; excesses: readonly LimitExcess[] }>;

export type PlanChangeOutcome =
  | Readonly<{ change: PlanChange }>
  | Readonly<{ refusal: PlanChangeRefusal }>
  /** The very same is scheduled already. */
  | Readonly<{ scheduledVersion: bigint }>;

/**
 * Decides a change of plan on a live subscription; `version` is the change's own.
 *
 * Refusals, in this order: PLAN_NOT_FOUND, SUBSCRIPTION_PAST_DUE, PLAN_UNCHANGED,
 * PLAN_CHANGE_SCHEDULED, PLAN_LIMIT_EXCEEDED.
 */
export function planChange(
  subscription: Subscription,
  wish: PlanWish,
  { catalogue, now, version }: Readonly<{ catalogue: Catalogue; now: Time; version: bigint }>,
): PlanChangeOutcome {
  const { plan: current, billingPeriod, scheduled } = subscription;
  const { planId } = wish;
  const plan = findPlan(catalogue, planId) ?? (planId === current.planId ? current : undefined);
  if (!plan) return { refusal: { reason: "PLAN_NOT_FOUND", planId } };
  if (subscription.state === "PAST_DUE")
    return { refusal: { reason: "SUBSCRIPTION_PAST_DUE", subscription } };
  if (planId === current.planId && wish.billingPeriod === billingPeriod) {
    if (!scheduled) return { refusal: { reason: "PLAN_UNCHANGED", subscription } };
    return { change: withdrawal(subscription, plan, { now, version }) };
  }
  if (planId !== current.planId && plan.rank > rankIn(catalogue, current))
    return { change: upgrade(subscription, plan, wish.billingPeriod, { now, version }) };
  if (scheduled?.planId === planId && scheduled.billingPeriod === wish.billingPeriod)
    return { scheduledVersion: scheduled.version };
  if (scheduled) return { refusal: { reason: "PLAN_CHANGE_SCHEDULED", subscription, scheduled } };
  const excesses = planId === current.planId ? [] : limitExcesses(plan.limits, wish.counts);
  if (excesses.length > 0) return { refusal: { reason: "PLAN_LIMIT_EXCEEDED", plan, excesses } };
  return { change: schedule(subscription, plan, wish.billingPeriod, { catalogue, version }) };
}

/** R-PLAN-5: what an upgrade now would grant, in proportion to the time left of the cycle. */
export function upgradeMicros(subscription: Subscription, plan: Plan, now: Time): bigint {
  const { cycleStartTime, cycleEndTime, cycleMicrosMax } = subscription;
  const more = plan.cycleMicros - cycleMicrosMax;
  if (more <= 0n) return 0n;
  return shareOf(more, { part: cycleEndTime - now, whole: cycleEndTime - cycleStartTime });
}

/** What an upgrade to a price is to be paid at once, in proportion to the time left of the term. */
export function upgradePrice(before: Subscription, price: Price, now: Time): Price {
  const { termStartTime, termEndTime } = before;
  const share = { part: termEndTime - now, whole: termEndTime - termStartTime };
  return differenceDue(before.price, price, share);
}

type Moment = Readonly<{ now: Time; version: bigint }>;

/** At once; another period waits for the end of the term. It replaces what was scheduled. */
function upgrade(
  before: Subscription,
  plan: Plan,
  billingPeriod: BillingPeriod,
  { now, version }: Moment,
): PlanChange {
  const price = priceOf(plan, before.billingPeriod);
  const other = billingPeriod !== before.billingPeriod;
  const { planId, cycleMicros } = plan;
  const cycleMicrosMax = cycleMicros > before.cycleMicrosMax ? cycleMicros : before.cycleMicrosMax;
  const scheduled = other ? ({ kind: "CHANGE", planId, billingPeriod, version } as const) : undefined;
  return {
    kind: "PLAN_CHANGE",
    after: { ...before, plan, price, cycleMicrosMax, scheduled, version },
    effectiveTime: now,
    grantedMicros: upgradeMicros(before, plan, now),
    duePrice: upgradePrice(before, price, now),
    nextCycleMicros: cycleMicros,
    nextTermPrice: priceOf(plan, billingPeriod),
  };
}

/** At the end of the paid term, which for MONTHLY to YEARLY is the next boundary. */
function schedule(
  before: Subscription,
  plan: Plan,
  billingPeriod: BillingPeriod,
  { catalogue, version }: Readonly<{ catalogue: Catalogue; version: bigint }>,
): PlanChange {
  const scheduled = { kind: "CHANGE", planId: plan.planId, billingPeriod, version } as const;
  const after = { ...before, scheduled, version };
  return {
    kind: "PLAN_CHANGE_SCHEDULE",
    after,
    effectiveTime: before.termEndTime,
    grantedMicros: 0n,
    duePrice: { ...before.price, amountMinor: 0n },
    nextCycleMicros: planOfNextCycle(after, catalogue).cycleMicros,
    nextTermPrice: priceOf(plan, billingPeriod),
  };
}

/** Choosing what one has withdraws what is scheduled. */
function withdrawal(before: Subscription, plan: Plan, { now, version }: Moment): PlanChange {
  return {
    kind: "PLAN_CHANGE_WITHDRAW",
    after: { ...before, scheduled: undefined, version },
    effectiveTime: now,
    grantedMicros: 0n,
    duePrice: { ...before.price, amountMinor: 0n },
    nextCycleMicros: plan.cycleMicros,
    nextTermPrice: priceOf(plan, before.billingPeriod),
  };
}
