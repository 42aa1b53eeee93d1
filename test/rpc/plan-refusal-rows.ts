import { Code } from "@connectrpc/connect";
import {
  PlanLimitExceededSchema,
  SubscriptionConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import type { Plan } from "../../src/domain/plans/plan.ts";
import type { Subscription } from "../../src/domain/plans/subscription.ts";
import { NOW, ORGANIZATION } from "../support/scripted-ledger.ts";

const PLAN: Plan = {
  planId: "pro",
  displayName: "Pro",
  rank: 20,
  cycleMicros: 5_000_000n,
  limits: { WORKSPACES: 10, MEMBERS: 3, AGENTS: undefined },
  monthlyPrice: { amountMinor: 4_900n, currency: "EUR" },
  yearlyPrice: { amountMinor: 49_000n, currency: "EUR" },
};

const SUBSCRIPTION: Subscription = {
  state: "ACTIVE",
  plan: PLAN,
  billingPeriod: "MONTHLY",
  price: PLAN.monthlyPrice,
  anchorTime: NOW,
  cycleIndex: 0,
  cycleStartTime: NOW,
  cycleEndTime: NOW + 30n * 86_400_000_000n,
  termIndex: 0,
  termStartTime: NOW,
  termEndTime: NOW + 30n * 86_400_000_000n,
  cycleMicrosMax: PLAN.cycleMicros,
  cycleSkipped: false,
  suspendedGrantIds: [],
  scheduled: { kind: "CANCEL", planId: undefined, billingPeriod: undefined, version: 6n },
  version: 6n,
};

const CONFLICT = { code: Code.FailedPrecondition, detail: SubscriptionConflictSchema } as const;

/** How each refusal about plans is told. */
export const PLAN_REFUSAL_ROWS = {
  PURCHASE_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION, reference: "payment:pi_9" },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION, reference: "payment:pi_9" },
  },
  SUBSCRIPTION_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION },
  },
  PLAN_NOT_FOUND: { refusal: { planId: "gold" }, code: Code.NotFound, metadata: { plan_id: "gold" } },
  PACK_NOT_FOUND: { refusal: { packId: "huge" }, code: Code.NotFound, metadata: { pack_id: "huge" } },
  UNIT_PRICE_MISSING: { refusal: {}, code: Code.FailedPrecondition, metadata: {} },
  SUBSCRIPTION_EXISTS: {
    refusal: { subscription: SUBSCRIPTION },
    code: Code.AlreadyExists,
    metadata: { plan_id: "pro" },
    detail: SubscriptionConflictSchema,
  },
  SUBSCRIPTION_PAST_DUE: {
    refusal: { subscription: { ...SUBSCRIPTION, state: "PAST_DUE" } },
    metadata: { plan_id: "pro" },
    ...CONFLICT,
  },
  PLAN_UNCHANGED: {
    refusal: { subscription: SUBSCRIPTION },
    metadata: { plan_id: "pro", billing_period: "MONTHLY" },
    ...CONFLICT,
  },
  PLAN_CHANGE_SCHEDULED: {
    refusal: {
      subscription: SUBSCRIPTION,
      scheduled: { kind: "CANCEL", planId: undefined, billingPeriod: undefined, version: 6n },
    },
    metadata: { effective_time: "2026-12-01T10:00:00.000001Z" },
    ...CONFLICT,
  },
  PLAN_CHANGE_NOT_SCHEDULED: {
    refusal: { subscription: SUBSCRIPTION },
    metadata: { plan_id: "pro" },
    ...CONFLICT,
  },
  PLAN_LIMIT_EXCEEDED: {
    refusal: {
      plan: PLAN,
      excesses: [
        { kind: "WORKSPACES", count: 11, limit: 10 },
        { kind: "MEMBERS", count: 9, limit: 3 },
      ],
    },
    code: Code.FailedPrecondition,
    metadata: {
      plan_id: "pro",
      workspaces_count: "11",
      workspaces_limit: "10",
      members_count: "9",
      members_limit: "3",
    },
    detail: PlanLimitExceededSchema,
  },
  ANCHOR_OUT_OF_RANGE: {
    refusal: { anchorTime: NOW, earliest: NOW + 1n, latest: NOW + 2n },
    code: Code.InvalidArgument,
    metadata: {
      anchor_time: "2026-11-01T10:00:00.000001Z",
      anchor_time_min: "2026-11-01T10:00:00.000002Z",
      anchor_time_max: "2026-11-01T10:00:00.000003Z",
    },
  },
} as const;
