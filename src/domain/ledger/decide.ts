import { changePlan, withdrawPlanChange } from "./change-plan.ts";
import { assertCommand, opensOrganization, type Request, type SubscriptionCommand } from "./command.ts";
import { createGrant } from "./create-grant.ts";
import { cancelSubscription, createSubscription } from "./create-subscription.ts";
import { type Clock, type Decision, refused, unchanged } from "./decision.ts";
import { extendReservation } from "./extend.ts";
import type { LedgerView } from "./ledger.ts";
import { purchaseCredits, refundPurchase } from "./purchase.ts";
import { refundReservation } from "./refund.ts";
import { releaseReservation, releaseRun } from "./release.ts";
import { decideByReference } from "./request-reference.ts";
import { batchReserveCredits, reserveCredits } from "./reserve.ts";
import { setAlertThresholds } from "./set-alert-thresholds.ts";
import { chargeCredits, settleReservation } from "./settle.ts";
import { resumeSubscription, suspendSubscription } from "./suspend.ts";
import { voidGrant } from "./void-grant.ts";

/**
 * Decides one command on a ledger in which everything due by `clock.now` is
 * recorded and everything that the command names is at hand. The request id, and
 * then the reference, are looked at before any rule over the current state (R-REQ-1, R-GRANT-4).
 */
export function decide(ledger: LedgerView, request: Request, clock: Clock): Decision {
  const first = ledger.requests.get(request.requestId);
  if (first) {
    if (first.fingerprint === request.fingerprint) return unchanged(first.versions);
    return refused({ reason: "REQUEST_ID_REUSED", requestId: request.requestId, first });
  }
  const { organizationId, version } = ledger.account;
  if (version === 0n && !opensOrganization(request.command)) {
    return refused({ reason: "ORGANIZATION_NOT_FOUND", organizationId });
  }
  assertCommand(request.command);
  return decideByReference(ledger, request) ?? decideNew(ledger, request, clock);
}

function decideNew(ledger: LedgerView, request: Request, clock: Clock): Decision {
  const { command } = request;
  switch (command.kind) {
    case "reserveCredits":
      return reserveCredits(ledger, { ...request, command }, clock);
    case "batchReserveCredits":
      return batchReserveCredits(ledger, { ...request, command }, clock);
    case "settleReservation":
      return settleReservation(ledger, { ...request, command }, clock);
    case "releaseReservation":
      return releaseReservation(ledger, { ...request, command }, clock);
    case "releaseRun":
      return releaseRun(ledger, { ...request, command }, clock);
    case "extendReservation":
      return extendReservation(ledger, { ...request, command }, clock);
    case "chargeCredits":
      return chargeCredits(ledger, { ...request, command }, clock);
    case "createGrant":
      return createGrant(ledger, { ...request, command }, clock);
    case "voidGrant":
      return voidGrant(ledger, { ...request, command }, clock);
    case "refundReservation":
      return refundReservation(ledger, { ...request, command }, clock);
    case "purchaseCredits":
      return purchaseCredits(ledger, { ...request, command }, clock);
    case "refundPurchase":
      return refundPurchase(ledger, { ...request, command }, clock);
    case "setAlertThresholds":
      return setAlertThresholds(ledger, { ...request, command }, clock);
    default:
      return decideSubscription(ledger, { ...request, command }, clock);
  }
}

function decideSubscription(
  ledger: LedgerView,
  request: Request<SubscriptionCommand>,
  clock: Clock,
): Decision {
  const { command } = request;
  switch (command.kind) {
    case "createSubscription":
      return createSubscription(ledger, { ...request, command }, clock);
    case "changePlan":
      return changePlan(ledger, { ...request, command }, clock);
    case "withdrawPlanChange":
      return withdrawPlanChange(ledger, { ...request, command }, clock);
    case "cancelSubscription":
      return cancelSubscription(ledger, { ...request, command }, clock);
    case "suspendSubscription":
      return suspendSubscription(ledger, { ...request, command }, clock);
    case "resumeSubscription":
      return resumeSubscription(ledger, { ...request, command }, clock);
  }
}
