import { create } from "@bufbuild/protobuf";
import type { Price } from "../../gen/pleyor/credits/v1/plan_pb.ts";
import type { Subscription } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import {
  type CancelSubscriptionResponse,
  CancelSubscriptionResponseSchema,
  type ChangePlanResponse,
  ChangePlanResponseSchema,
  type CreateSubscriptionResponse,
  CreateSubscriptionResponseSchema,
  type PurchaseCreditsResponse,
  PurchaseCreditsResponseSchema,
  type RefundPurchaseResponse,
  RefundPurchaseResponseSchema,
  type ResumeSubscriptionResponse,
  ResumeSubscriptionResponseSchema,
  type SuspendSubscriptionResponse,
  SuspendSubscriptionResponseSchema,
  type WithdrawPlanChangeResponse,
  WithdrawPlanChangeResponseSchema,
} from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type { Receipt, Standing } from "../service/receipt.ts";
import { toProtoPrice, toProtoSubscription } from "./convert-plan.ts";
import { grant, outcome } from "./convert-receipt.ts";

export function toProtoPurchaseCreditsResponse(receipt: Receipt): PurchaseCreditsResponse {
  const { price } = receipt;
  const fields = { ...outcome(receipt), ...grant(receipt) };
  return create(PurchaseCreditsResponseSchema, price ? { ...fields, price: toProtoPrice(price) } : fields);
}

export function toProtoRefundPurchaseResponse(receipt: Receipt): RefundPurchaseResponse {
  return create(RefundPurchaseResponseSchema, { ...outcome(receipt), ...grant(receipt) });
}

export function toProtoCreateSubscriptionResponse(receipt: Receipt): CreateSubscriptionResponse {
  return create(CreateSubscriptionResponseSchema, { ...outcome(receipt), ...subscription(receipt) });
}

export function toProtoChangePlanResponse(receipt: Receipt): ChangePlanResponse {
  return create(ChangePlanResponseSchema, {
    ...outcome(receipt),
    ...subscription(receipt),
    ...duePrice(receipt),
  });
}

export function toProtoWithdrawPlanChangeResponse(receipt: Receipt): WithdrawPlanChangeResponse {
  return create(WithdrawPlanChangeResponseSchema, { ...outcome(receipt), ...subscription(receipt) });
}

export function toProtoCancelSubscriptionResponse(receipt: Receipt): CancelSubscriptionResponse {
  return create(CancelSubscriptionResponseSchema, { ...outcome(receipt), ...subscription(receipt) });
}

export function toProtoSuspendSubscriptionResponse(receipt: Receipt): SuspendSubscriptionResponse {
  return create(SuspendSubscriptionResponseSchema, { ...outcome(receipt), ...subscription(receipt) });
}

export function toProtoResumeSubscriptionResponse(receipt: Receipt): ResumeSubscriptionResponse {
  return create(ResumeSubscriptionResponseSchema, { ...outcome(receipt), ...subscription(receipt) });
}

function subscription(receipt: Receipt): { subscription: Subscription; currentSubscription?: Subscription } {
  const fields = { subscription: subscriptionOf(receipt) };
  return receipt.current ? { ...fields, currentSubscription: subscriptionOf(receipt.current) } : fields;
}

function duePrice({ price }: Receipt): { duePrice?: Price } {
  return price ? { duePrice: toProtoPrice(price) } : {};
}

function subscriptionOf(standing: Standing): Subscription {
  const { account } = standing;
  if (!standing.subscription) throw new Error("a receipt lacks the subscription that its request is about");
  return toProtoSubscription(account.organizationId, standing.subscription);
}
