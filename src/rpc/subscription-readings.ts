import { create } from "@bufbuild/protobuf";
import {
  type CheckLimitRequest,
  CheckLimitRequestSchema,
  type CheckLimitResponse,
  CheckLimitResponseSchema,
  type GetPlanRequest,
  GetPlanRequestSchema,
  type GetPlanResponse,
  GetPlanResponseSchema,
  type GetSubscriptionRequest,
  GetSubscriptionRequestSchema,
  type GetSubscriptionResponse,
  GetSubscriptionResponseSchema,
  type ListPlansRequest,
  ListPlansRequestSchema,
  type ListPlansResponse,
  ListPlansResponseSchema,
  type ListTopUpPacksRequest,
  ListTopUpPacksRequestSchema,
  type ListTopUpPacksResponse,
  ListTopUpPacksResponseSchema,
  type PreviewPlanChangeRequest,
  PreviewPlanChangeRequestSchema,
  type PreviewPlanChangeResponse,
  PreviewPlanChangeResponseSchema,
} from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type { PlanDesk } from "../service/plan-desk.ts";
import { fromProtoLimitKind } from "./convert-enum.ts";
import { fromProtoPage } from "./convert-page.ts";
import {
  toProtoPlan,
  toProtoPrice,
  toProtoSubscription,
  toProtoTopUpPack,
  toProtoUnitPrice,
} from "./convert-plan.ts";
import { fromProtoPlanWish } from "./convert-subscription-command.ts";
import { toProtoTimestamp } from "./convert-time.ts";
import { accepted } from "./refusal-problem.ts";

/** What is about the catalogue is about no organization. */
const NOBODY = { organizationId: "" };

export async function listPlans(desk: PlanDesk, request: ListPlansRequest): Promise<ListPlansResponse> {
  const answer = await desk.listPlans(fromProtoPage(request));
  const { items, nextPageToken, catalogue } = accepted(answer, NOBODY, ListPlansRequestSchema);
  const catalogueVersion = BigInt(catalogue.version);
  return create(ListPlansResponseSchema, { plans: items.map(toProtoPlan), nextPageToken, catalogueVersion });
}

export async function getPlan(desk: PlanDesk, request: GetPlanRequest): Promise<GetPlanResponse> {
  const answer = await desk.getPlan(request.planId);
  const { plan, catalogue } = accepted(answer, NOBODY, GetPlanRequestSchema);
  return create(GetPlanResponseSchema, {
    plan: toProtoPlan(plan),
    catalogueVersion: BigInt(catalogue.version),
  });
}

export async function listTopUpPacks(
  desk: PlanDesk,
  request: ListTopUpPacksRequest,
): Promise<ListTopUpPacksResponse> {
  const answer = await desk.listTopUpPacks(fromProtoPage(request));
  const { items, nextPageToken, catalogue } = accepted(answer, NOBODY, ListTopUpPacksRequestSchema);
  const { unitPrice } = catalogue;
  return create(ListTopUpPacksResponseSchema, {
    packs: items.map(toProtoTopUpPack),
    nextPageToken,
    ...(unitPrice && { unitPrice: toProtoUnitPrice(unitPrice) }),
    catalogueVersion: BigInt(catalogue.version),
  });
}

export async function getSubscription(
  desk: PlanDesk,
  request: GetSubscriptionRequest,
): Promise<GetSubscriptionResponse> {
  const { organizationId } = request;
  const answer = await desk.getSubscription(organizationId);
  const subscription = accepted(answer, request, GetSubscriptionRequestSchema);
  return create(GetSubscriptionResponseSchema, {
    subscription: toProtoSubscription(organizationId, subscription),
  });
}

export async function previewPlanChange(
  desk: PlanDesk,
  request: PreviewPlanChangeRequest,
): Promise<PreviewPlanChangeResponse> {
  const { organizationId } = request;
  const answer = await desk.previewPlanChange(organizationId, fromProtoPlanWish(request));
  const change = accepted(answer, request, PreviewPlanChangeRequestSchema);
  return create(PreviewPlanChangeResponseSchema, {
    effectiveTime: toProtoTimestamp(change.effectiveTime),
    grantedMicros: change.grantedMicros,
    nextCycleMicros: change.nextCycleMicros,
    nextCycleTime: toProtoTimestamp(change.after.cycleEndTime),
    duePrice: toProtoPrice(change.duePrice),
    nextTermPrice: toProtoPrice(change.nextTermPrice),
    nextTermTime: toProtoTimestamp(change.after.termEndTime),
    subscription: toProtoSubscription(organizationId, change.after),
  });
}

export async function checkLimit(desk: PlanDesk, request: CheckLimitRequest): Promise<CheckLimitResponse> {
  const { organizationId, kind, count } = request;
  const answer = await desk.checkLimit(organizationId, { kind: fromProtoLimitKind(kind), count });
  const { allowed, limit, sufficientPlan } = accepted(answer, request, CheckLimitRequestSchema);
  return create(CheckLimitResponseSchema, {
    allowed,
    ...(limit !== undefined && { limit }),
    ...(sufficientPlan && { sufficientPlan: toProtoPlan(sufficientPlan) }),
  });
}
