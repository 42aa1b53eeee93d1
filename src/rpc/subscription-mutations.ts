import {
  CancelSubscriptionRequestSchema,
  ChangePlanRequestSchema,
  CreateSubscriptionRequestSchema,
  PurchaseCreditsRequestSchema,
  RefundPurchaseRequestSchema,
  ResumeSubscriptionRequestSchema,
  SuspendSubscriptionRequestSchema,
  WithdrawPlanChangeRequestSchema,
} from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import {
  fromProtoCancelSubscription,
  fromProtoChangePlan,
  fromProtoCreateSubscription,
  fromProtoPurchaseCredits,
  fromProtoRefundPurchase,
  fromProtoResumeSubscription,
  fromProtoSuspendSubscription,
  fromProtoWithdrawPlanChange,
} from "./convert-subscription-command.ts";
import {
  toProtoCancelSubscriptionResponse,
  toProtoChangePlanResponse,
  toProtoCreateSubscriptionResponse,
  toProtoPurchaseCreditsResponse,
  toProtoRefundPurchaseResponse,
  toProtoResumeSubscriptionResponse,
  toProtoSuspendSubscriptionResponse,
  toProtoWithdrawPlanChangeResponse,
} from "./convert-subscription-receipt.ts";
import { mutation } from "./mutation.ts";

// What each mutation of SubscriptionService converts from and to.

export const purchaseCredits = mutation(
  PurchaseCreditsRequestSchema,
  fromProtoPurchaseCredits,
  toProtoPurchaseCreditsResponse,
);
export const refundPurchase = mutation(
  RefundPurchaseRequestSchema,
  fromProtoRefundPurchase,
  toProtoRefundPurchaseResponse,
);
export const createSubscription = mutation(
  CreateSubscriptionRequestSchema,
  fromProtoCreateSubscription,
  toProtoCreateSubscriptionResponse,
);
export const changePlan = mutation(ChangePlanRequestSchema, fromProtoChangePlan, toProtoChangePlanResponse);
export const withdrawPlanChange = mutation(
  WithdrawPlanChangeRequestSchema,
  fromProtoWithdrawPlanChange,
  toProtoWithdrawPlanChangeResponse,
);
export const cancelSubscription = mutation(
  CancelSubscriptionRequestSchema,
  fromProtoCancelSubscription,
  toProtoCancelSubscriptionResponse,
);
export const suspendSubscription = mutation(
  SuspendSubscriptionRequestSchema,
  fromProtoSuspendSubscription,
  toProtoSuspendSubscriptionResponse,
);
export const resumeSubscription = mutation(
  ResumeSubscriptionRequestSchema,
  fromProtoResumeSubscription,
  toProtoResumeSubscriptionResponse,
);
