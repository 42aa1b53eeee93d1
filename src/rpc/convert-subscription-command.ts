import type { BillingPeriod as ProtoBillingPeriod } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import type {
  CancelSubscriptionRequest,
  ChangePlanRequest,
  CreateSubscriptionRequest,
  LimitCounts as ProtoLimitCounts,
  PurchaseCreditsRequest,
  RefundPurchaseRequest,
  ResumeSubscriptionRequest,
  SuspendSubscriptionRequest,
  WithdrawPlanChangeRequest,
} from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type {
  CancelSubscription,
  ChangePlan,
  CreateSubscription,
  Purchase,
  PurchaseCredits,
  RefundPurchase,
  ResumeSubscription,
  SuspendSubscription,
  WithdrawPlanChange,
} from "../domain/ledger/command.ts";
import type { LimitCounts } from "../domain/plans/limit.ts";
import type { PlanWish } from "../domain/plans/plan-change.ts";
import { fromProtoBillingPeriod } from "./convert-enum.ts";
import { fromProtoTimestamp } from "./convert-time.ts";

export function fromProtoPurchaseCredits(request: PurchaseCreditsRequest): PurchaseCredits {
  const { reference } = request;
  return { kind: "purchaseCredits", purchase: fromProtoPurchase(request.purchase), reference };
}

export function fromProtoRefundPurchase(request: RefundPurchaseRequest): RefundPurchase {
  const { reference, spentBecomesDebt, reason } = request;
  return { kind: "refundPurchase", reference, spentBecomesDebt, reason };
}

export function fromProtoCreateSubscription(request: CreateSubscriptionRequest): CreateSubscription {
  const { planId, billingPeriod, anchorTime, reference } = request;
  return {
    kind: "createSubscription",
    reference,
    planId,
    billingPeriod: fromProtoBillingPeriod(billingPeriod),
    anchorTime: anchorTime && fromProtoTimestamp(anchorTime, "anchor_time"),
  };
}

export function fromProtoChangePlan(request: ChangePlanRequest): ChangePlan {
  return { kind: "changePlan", ...fromProtoPlanWish(request), reference: request.reference };
}

export function fromProtoWithdrawPlanChange({ reference }: WithdrawPlanChangeRequest): WithdrawPlanChange {
  return { kind: "withdrawPlanChange", reference };
}

export function fromProtoCancelSubscription(request: CancelSubscriptionRequest): CancelSubscription {
  const { reason, reference } = request;
  return { kind: "cancelSubscription", reason, reference };
}

export function fromProtoSuspendSubscription(request: SuspendSubscriptionRequest): SuspendSubscription {
  const { voidCycle, reason, reference } = request;
  return { kind: "suspendSubscription", voidCycle, reason, reference };
}

export function fromProtoResumeSubscription({ reference }: ResumeSubscriptionRequest): ResumeSubscription {
  return { kind: "resumeSubscription", reference };
}

type ProtoPlanWish = Readonly<{
  planId: string;
  billingPeriod: ProtoBillingPeriod;
  counts?: ProtoLimitCounts | undefined;
}>;

export function fromProtoPlanWish({ planId, billingPeriod, counts }: ProtoPlanWish): PlanWish {
  return {
    planId,
    billingPeriod: fromProtoBillingPeriod(billingPeriod),
    counts: fromProtoLimitCounts(counts),
  };
}

function fromProtoLimitCounts(counts: ProtoLimitCounts | undefined): LimitCounts {
  return { WORKSPACES: counts?.workspaces, MEMBERS: counts?.members, AGENTS: counts?.agents };
}

function fromProtoPurchase({ case: name, value }: PurchaseCreditsRequest["purchase"]): Purchase {
  switch (name) {
    case "packId":
      return { packId: value };
    case "amountMicros":
      return { amountMicros: value };
    case undefined:
      // The oneof's rule lets no absent purchase pass.
      throw new Error("a purchase of nothing passed validation");
  }
}
