import type { SubscriptionService } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import type { PlanDesk } from "../service/plan-desk.ts";
import { publishCatalogue } from "./catalogue-handler.ts";
import type { Handlers } from "./endpoint.ts";
import { mutate } from "./mutation.ts";
import {
  cancelSubscription,
  changePlan,
  createSubscription,
  purchaseCredits,
  refundPurchase,
  resumeSubscription,
  suspendSubscription,
  withdrawPlanChange,
} from "./subscription-mutations.ts";
import {
  checkLimit,
  getPlan,
  getSubscription,
  listPlans,
  listTopUpPacks,
  previewPlanChange,
} from "./subscription-readings.ts";

export function subscriptionHandlers(
  ledger: CreditLedger,
  desk: PlanDesk,
): Handlers<typeof SubscriptionService> {
  return {
    listPlans: (request) => listPlans(desk, request),
    getPlan: (request) => getPlan(desk, request),
    listTopUpPacks: (request) => listTopUpPacks(desk, request),
    purchaseCredits: (request, context) => mutate(ledger, purchaseCredits, request, context),
    refundPurchase: (request, context) => mutate(ledger, refundPurchase, request, context),
    createSubscription: (request, context) => mutate(ledger, createSubscription, request, context),
    getSubscription: (request) => getSubscription(desk, request),
    previewPlanChange: (request) => previewPlanChange(desk, request),
    changePlan: (request, context) => mutate(ledger, changePlan, request, context),
    withdrawPlanChange: (request, context) => mutate(ledger, withdrawPlanChange, request, context),
    cancelSubscription: (request, context) => mutate(ledger, cancelSubscription, request, context),
    suspendSubscription: (request, context) => mutate(ledger, suspendSubscription, request, context),
    resumeSubscription: (request, context) => mutate(ledger, resumeSubscription, request, context),
    checkLimit: (request) => checkLimit(desk, request),
    publishCatalogue: (request) => publishCatalogue(desk, request),
  };
}
