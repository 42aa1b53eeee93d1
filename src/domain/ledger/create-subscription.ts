import { TOTAL_MICROS_MAX } from "../amount.ts";
import { anchorRange } from "../plans/calendar.ts";
import { findPlan } from "../plans/catalogue.ts";
import { isLive, newSubscription } from "../plans/subscription.ts";
import { totalMicros } from "./account.ts";
import type { CancelSubscription, CreateSubscription, Request } from "./command.ts";
import { grantCycle } from "./cycle.ts";
import { type Clock, type Decision, plansOf, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";
import { recordNothing, recordRequest } from "./request-reference.ts";

/**
 * R-PLAN-2: the current cycle, as the anchor places it, is granted in full. It may
 * open the organization (R-BAL-6).
 *
 * Refusals: PLAN_NOT_FOUND, SUBSCRIPTION_EXISTS, ANCHOR_OUT_OF_RANGE, BALANCE_LIMIT_EXCEEDED.
 */
export function createSubscription(
  ledger: LedgerView,
  request: Request<CreateSubscription>,
  clock: Clock,
): Decision {
  const { now, newId } = clock;
  const { calendar, catalogueAt } = plansOf(clock);
  const { planId, billingPeriod, anchorTime = now } = request.command;
  const plan = findPlan(catalogueAt(now), planId);
  if (!plan) return refused({ reason: "PLAN_NOT_FOUND", planId });
  const { subscription: existing } = ledger;
  if (isLive(existing)) return refused({ reason: "SUBSCRIPTION_EXISTS", subscription: existing });
  const { earliest, latest } = anchorRange(now);
  if (anchorTime < earliest || anchorTime > latest)
    return refused({ reason: "ANCHOR_OUT_OF_RANGE", anchorTime, earliest, latest });
  const draft = new Draft(ledger);
  const total = totalMicros(draft.balance) + plan.cycleMicros;
  if (total > TOTAL_MICROS_MAX)
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX });
  const subscription = newSubscription({ plan, billingPeriod, anchorTime }, calendar, now);
  const subscriptionAfter = { ...subscription, version: draft.version };
  draft.putSubscription(subscriptionAfter);
  const made = grantCycle(ledger, draft, subscriptionAfter, now, newId);
  draft.payDebts();
  const subject = { kind: "SUBSCRIPTION_START", effectiveTime: now, amountMicros: plan.cycleMicros } as const;
  return recordRequest(draft, { ...subject, made, subscriptionAfter }, request, now);
}

/**
 * R-PLAN-6: the subscription ends with its paid term; nothing is taken back. It
 * replaces a scheduled change, and cancelling again changes nothing.
 *
 * Refusals: SUBSCRIPTION_NOT_FOUND.
 */
export function cancelSubscription(
  ledger: LedgerView,
  request: Request<CancelSubscription>,
  { now }: Clock,
): Decision {
  const { subscription, account } = ledger;
  const { organizationId } = account;
  if (!isLive(subscription)) return refused({ reason: "SUBSCRIPTION_NOT_FOUND", organizationId });
  const { reason } = request.command;
  const kind = "SUBSCRIPTION_CANCEL";
  if (subscription.scheduled?.kind === "CANCEL") {
    const versions = [subscription.scheduled.version];
    return recordNothing(ledger, { kind, versions, reason }, request, now);
  }
  const draft = new Draft(ledger);
  const { version } = draft;
  const scheduled = { kind: "CANCEL", planId: undefined, billingPeriod: undefined, version } as const;
  const subscriptionAfter = { ...subscription, scheduled, version };
  draft.putSubscription(subscriptionAfter);
  const subject = { kind, effectiveTime: now, amountMicros: 0n, reference: reason } as const;
  return recordRequest(draft, { ...subject, subscriptionAfter }, request, now);
}
