import { create } from "@bufbuild/protobuf";
import {
  PlanLimitsSchema,
  PlanSchema,
  PriceSchema,
  type Plan as ProtoPlan,
  type PlanLimits as ProtoPlanLimits,
  type Price as ProtoPrice,
  type TopUpPack as ProtoTopUpPack,
  type UnitPrice as ProtoUnitPrice,
  TopUpPackSchema,
  UnitPriceSchema,
} from "../../gen/pleyor/credits/v1/plan_pb.ts";
import {
  BillingPeriod,
  type ScheduledChange as ProtoScheduledChange,
  type Subscription as ProtoSubscription,
  ScheduledChangeKind,
  ScheduledChangeSchema,
  SubscriptionSchema,
  SubscriptionState,
} from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import type { TopUpPack, UnitPrice } from "../domain/plans/catalogue.ts";
import type { Plan, PlanLimits } from "../domain/plans/plan.ts";
import type { Price } from "../domain/plans/price.ts";
import { isLive, type Subscription } from "../domain/plans/subscription.ts";
import { toProtoTimestamp } from "./convert-time.ts";

export function toProtoPrice({ amountMinor, currency }: Price): ProtoPrice {
  return create(PriceSchema, { amountMinor, currency });
}

export function toProtoPlan(plan: Plan): ProtoPlan {
  return create(PlanSchema, {
    planId: plan.planId,
    displayName: plan.displayName,
    rank: plan.rank,
    cycleMicros: plan.cycleMicros,
    limits: toProtoPlanLimits(plan.limits),
    monthlyPrice: toProtoPrice(plan.monthlyPrice),
    yearlyPrice: toProtoPrice(plan.yearlyPrice),
  });
}

export function toProtoTopUpPack({ packId, displayName, amountMicros, price }: TopUpPack): ProtoTopUpPack {
  return create(TopUpPackSchema, { packId, displayName, amountMicros, price: toProtoPrice(price) });
}

export function toProtoUnitPrice({ amountMicros, price }: UnitPrice): ProtoUnitPrice {
  return create(UnitPriceSchema, { amountMicros, price: toProtoPrice(price) });
}

export function toProtoSubscription(organizationId: string, subscription: Subscription): ProtoSubscription {
  const proto = create(SubscriptionSchema, {
    organizationId,
    state: SubscriptionState[subscription.state],
    plan: toProtoPlan(subscription.plan),
    billingPeriod: BillingPeriod[subscription.billingPeriod],
    price: toProtoPrice(subscription.price),
    anchorTime: toProtoTimestamp(subscription.anchorTime),
    cycleStartTime: toProtoTimestamp(subscription.cycleStartTime),
    cycleEndTime: toProtoTimestamp(subscription.cycleEndTime),
    termStartTime: toProtoTimestamp(subscription.termStartTime),
    termEndTime: toProtoTimestamp(subscription.termEndTime),
    cycleSkipped: subscription.cycleSkipped,
    version: subscription.version,
  });
  const scheduled = isLive(subscription) ? toProtoScheduledChange(subscription) : undefined;
  if (scheduled) proto.scheduledChange = scheduled;
  return proto;
}

function toProtoScheduledChange({ scheduled, termEndTime }: Subscription): ProtoScheduledChange | undefined {
  if (!scheduled) return undefined;
  const { kind, planId = "", billingPeriod = "UNSPECIFIED", version } = scheduled;
  return create(ScheduledChangeSchema, {
    kind: ScheduledChangeKind[kind],
    planId,
    billingPeriod: BillingPeriod[billingPeriod],
    effectiveTime: toProtoTimestamp(termEndTime),
    version,
  });
}

/** No limit is an absent field. */
function toProtoPlanLimits({ WORKSPACES, MEMBERS, AGENTS }: PlanLimits): ProtoPlanLimits {
  const proto = create(PlanLimitsSchema);
  if (WORKSPACES !== undefined) proto.workspaces = WORKSPACES;
  if (MEMBERS !== undefined) proto.members = MEMBERS;
  if (AGENTS !== undefined) proto.agents = AGENTS;
  return proto;
}
