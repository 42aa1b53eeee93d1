import { Code } from "../../gen/google/rpc/code_pb.ts";
import {
  PlanLimitExceededSchema,
  SubscriptionConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import { LimitKind } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type { LimitExcess } from "../domain/plans/limit.ts";
import type { Plan } from "../domain/plans/plan.ts";
import type { Subscription } from "../domain/plans/subscription.ts";
import { toProtoPlan, toProtoSubscription } from "./convert-plan.ts";
import { toText } from "./convert-time.ts";
import { type Detail, detail } from "./problem.ts";
import type { RefusalTable, Scene } from "./refusal-row.ts";

/** How refusals about plans, purchases and subscriptions are told. */
export const PLAN_REFUSALS = {
  PURCHASE_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "organization {organization_id} made no purchase with reference {reference}",
    metadata: ({ organizationId, reference }) => ({ organization_id: organizationId, reference }),
  },
  SUBSCRIPTION_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "organization {organization_id} has no subscription",
    metadata: ({ organizationId }) => ({ organization_id: organizationId }),
  },
  PLAN_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "the catalogue has no plan {plan_id}",
    metadata: ({ planId }) => ({ plan_id: planId }),
  },
  PACK_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "the catalogue has no top-up pack {pack_id}",
    metadata: ({ packId }) => ({ pack_id: packId }),
  },
  UNIT_PRICE_MISSING: {
    code: Code.FAILED_PRECONDITION,
    message: "the catalogue has no price for a number of credits; buy a pack",
    metadata: () => ({}),
  },
  SUBSCRIPTION_EXISTS: {
    code: Code.ALREADY_EXISTS,
    message: "the organization is subscribed to plan {plan_id} already; change that, or cancel it",
    metadata: ({ subscription }) => ({ plan_id: subscription.plan.planId }),
    detail: subscriptionConflict,
  },
  SUBSCRIPTION_PAST_DUE: {
    code: Code.FAILED_PRECONDITION,
    message: "the subscription to plan {plan_id} is past due; resume it before it is changed",
    metadata: ({ subscription }) => ({ plan_id: subscription.plan.planId }),
    detail: subscriptionConflict,
  },
  PLAN_UNCHANGED: {
    code: Code.FAILED_PRECONDITION,
    message: "the organization is on plan {plan_id}, paid {billing_period}, and nothing else is scheduled",
    metadata: ({ subscription }) => ({
      plan_id: subscription.plan.planId,
      billing_period: subscription.billingPeriod,
    }),
    detail: subscriptionConflict,
  },
  PLAN_CHANGE_SCHEDULED: {
    code: Code.FAILED_PRECONDITION,
    message: "another change is scheduled for {effective_time}; withdraw it first",
    metadata: ({ subscription }) => ({ effective_time: toText(subscription.termEndTime) }),
    detail: subscriptionConflict,
  },
  PLAN_CHANGE_NOT_SCHEDULED: {
    code: Code.FAILED_PRECONDITION,
    message: "nothing is scheduled for the subscription to plan {plan_id}",
    metadata: ({ subscription }) => ({ plan_id: subscription.plan.planId }),
    detail: subscriptionConflict,
  },
  PLAN_LIMIT_EXCEEDED: {
    code: Code.FAILED_PRECONDITION,
    message: ({ excesses }) =>
      `plan {plan_id} allows less than there is: ${excesses.map(({ kind }) => excessText(kind)).join(", ")}`,
    metadata: ({ plan, excesses }) => ({ plan_id: plan.planId, ...excessNumbers(excesses) }),
    detail: planLimitExceeded,
  },
  ANCHOR_OUT_OF_RANGE: {
    code: Code.INVALID_ARGUMENT,
    message: "anchor {anchor_time} is too far away: it may lie from {anchor_time_min} to {anchor_time_max}",
    metadata: ({ anchorTime, earliest, latest }) => ({
      anchor_time: toText(anchorTime),
      anchor_time_min: toText(earliest),
      anchor_time_max: toText(latest),
    }),
  },
} as const satisfies Partial<RefusalTable>;

function subscriptionConflict(
  { subscription }: Readonly<{ subscription: Subscription }>,
  { organizationId }: Scene,
): Detail {
  return detail(SubscriptionConflictSchema, {
    subscription: toProtoSubscription(organizationId, subscription),
  });
}

function planLimitExceeded({
  plan,
  excesses,
}: Readonly<{ plan: Plan; excesses: readonly LimitExcess[] }>): Detail {
  return detail(PlanLimitExceededSchema, {
    plan: toProtoPlan(plan),
    excesses: excesses.map(({ kind, count, limit }) => ({ kind: LimitKind[kind], count, limit })),
  });
}

/** `{members_count} members, at most {members_limit}`: to be filled from the metadata. */
function excessText(kind: LimitExcess["kind"]): string {
  const name = kind.toLowerCase();
  return `{${name}_count} ${name}, at most {${name}_limit}`;
}

function excessNumbers(excesses: readonly LimitExcess[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    excesses.flatMap(({ kind, count, limit }) => [
      [`${kind.toLowerCase()}_count`, String(count)],
      [`${kind.toLowerCase()}_limit`, String(limit)],
    ]),
  );
}
