import type { Time } from "../time.ts";
import { type Calendar, type Cycle, cycleIndexAt } from "./calendar.ts";
import { type Catalogue, findPlan } from "./catalogue.ts";
import { type BillingPeriod, cyclesOfTerm, type Plan, priceOf } from "./plan.ts";
import type { Price } from "./price.ts";

export type SubscriptionState = "ACTIVE" | "PAST_DUE" | "ENDED";

/** What waits for the end of the paid term: another plan or period, or the end of all (R-PLAN-6). */
export type ScheduledChange = Readonly<{
  kind: "CHANGE" | "CANCEL";
  /** Of a CHANGE: from then on. */
  planId: string | undefined;
  billingPeriod: BillingPeriod | undefined;
  /** The change that scheduled it. */
  version: bigint;
}>;

/** An organization's plan, and where it is in its cycles. */
export type Subscription = Readonly<{
  state: SubscriptionState;
  /** As it counts for the current cycle. */
  plan: Plan;
  billingPeriod: BillingPeriod;
  /** What the current term costs. */
  price: Price;
  anchorTime: Time;
  /** Of the current cycle, counted from the anchor. */
  cycleIndex: number;
  cycleStartTime: Time;
  cycleEndTime: Time;
  /** Of the first cycle of the paid term. */
  termIndex: number;
  termStartTime: Time;
  termEndTime: Time;
  /** The most that a plan of this cycle gives: going down and up never yields more (R-PLAN-5). */
  cycleMicrosMax: bigint;
  /** Whether the current cycle began past due and gave nothing (R-PLAN-8). */
  cycleSkipped: boolean;
  /** The grants that suspending voided; resuming in the same cycle gives them back. */
  suspendedGrantIds: readonly string[];
  scheduled: ScheduledChange | undefined;
  /** The change that led here. */
  version: bigint;
}>;

export type NewSubscription = Readonly<{ plan: Plan; billingPeriod: BillingPeriod; anchorTime: Time }>;

/** A subscription that begins now, in the cycle that its anchor places around now (R-PLAN-2). */
export function newSubscription(
  { plan, billingPeriod, anchorTime }: NewSubscription,
  calendar: Calendar,
  now: Time,
): Subscription {
  const cycleIndex = cycleIndexAt(calendar, anchorTime, now);
  const termCycles = cyclesOfTerm(billingPeriod);
  const termIndex = Math.floor(cycleIndex / termCycles) * termCycles;
  return {
    state: "ACTIVE",
    plan,
    billingPeriod,
    price: priceOf(plan, billingPeriod),
    anchorTime,
    cycleIndex,
    cycleStartTime: calendar.boundary(anchorTime, cycleIndex),
    cycleEndTime: calendar.boundary(anchorTime, cycleIndex + 1),
    ...term(calendar, anchorTime, termIndex, billingPeriod),
    cycleMicrosMax: plan.cycleMicros,
    cycleSkipped: false,
    suspendedGrantIds: [],
    scheduled: undefined,
    version: 0n,
  };
}

/** What is scheduled for the next boundary: a change waits for the end of the paid term. */
function scheduledNext({ cycleEndTime, termEndTime, scheduled }: Subscription): ScheduledChange | undefined {
  return cycleEndTime === termEndTime ? scheduled : undefined;
}

/** The plan of the next cycle as a catalogue has it; one that lacks the plan leaves it as it is. */
export function planOfNextCycle(before: Subscription, catalogue: Catalogue): Plan {
  return findPlan(catalogue, scheduledNext(before)?.planId ?? before.plan.planId) ?? before.plan;
}

/** The subscription in its next cycle, by the catalogue that counts when that begins. */
export function nextCycle(before: Subscription, calendar: Calendar, catalogue: Catalogue): Subscription {
  const { anchorTime, cycleEndTime, termEndTime, state } = before;
  const scheduled = scheduledNext(before);
  const kept = { ...before, suspendedGrantIds: [], scheduled: scheduled ? undefined : before.scheduled };
  if (scheduled?.kind === "CANCEL") return { ...kept, state: "ENDED" };
  const plan = planOfNextCycle(before, catalogue);
  const billingPeriod = scheduled?.billingPeriod ?? before.billingPeriod;
  const cycleIndex = before.cycleIndex + 1;
  const newTerm =
    cycleEndTime === termEndTime
      ? { price: priceOf(plan, billingPeriod), ...term(calendar, anchorTime, cycleIndex, billingPeriod) }
      : {};
  return {
    ...kept,
    plan,
    billingPeriod,
    ...newTerm,
    cycleIndex,
    cycleStartTime: cycleEndTime,
    cycleEndTime: calendar.boundary(anchorTime, cycleIndex + 1),
    cycleMicrosMax: plan.cycleMicros,
    cycleSkipped: state === "PAST_DUE",
  };
}

/** Whether it has cycles: it is neither missing nor ended. */
export function isLive(subscription: Subscription | undefined): subscription is Subscription {
  return subscription !== undefined && subscription.state !== "ENDED";
}

export function cycleOf(subscription: Subscription | undefined): Cycle | undefined {
  if (!isLive(subscription)) return undefined;
  return { startTime: subscription.cycleStartTime, endTime: subscription.cycleEndTime };
}

/** When it next gives credits; undefined where it does not. */
export function nextRefreshTime(subscription: Subscription | undefined): Time | undefined {
  if (subscription?.state !== "ACTIVE") return undefined;
  const { cycleEndTime, termEndTime, scheduled } = subscription;
  return scheduled?.kind === "CANCEL" && cycleEndTime === termEndTime ? undefined : cycleEndTime;
}

function term(
  calendar: Calendar,
  anchorTime: Time,
  termIndex: number,
  billingPeriod: BillingPeriod,
): Pick<Subscription, "termIndex" | "termStartTime" | "termEndTime"> {
  const termStartTime = calendar.boundary(anchorTime, termIndex);
  const termEndTime = calendar.boundary(anchorTime, termIndex + cyclesOfTerm(billingPeriod));
  return { termIndex, termStartTime, termEndTime };
}
