import { TOTAL_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import type { Catalogue } from "../plans/catalogue.ts";
import { NO_LIMITS } from "../plans/plan.ts";
import { type PlanChange, type PlanWish, planChange } from "../plans/plan-change.ts";
import { isLive, type Subscription } from "../plans/subscription.ts";
import type { Time } from "../time.ts";
import { type Account, totalMicros } from "./account.ts";
import type { ChangePlan, Request, WithdrawPlanChange } from "./command.ts";
import { grantInto } from "./cycle.ts";
import { type Clock, type Decision, plansOf, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { MadeGrant } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { changeReference, unusedReference } from "./reference.ts";
import type { Refusal } from "./refusal.ts";
import { recordNothing, recordRequest } from "./request-reference.ts";

/**
 * R-PLAN-5, R-PLAN-6: carries out what `planChange` says, which a preview only shows (R-PLAN-7).
 *
 * Refusals: SUBSCRIPTION_NOT_FOUND, those of `planChange`, BALANCE_LIMIT_EXCEEDED.
 */
export function changePlan(ledger: LedgerView, request: Request<ChangePlan>, clock: Clock): Decision {
  const { subscription, account } = ledger;
  const { now } = clock;
  const { organizationId } = account;
  if (!isLive(subscription)) return refused({ reason: "SUBSCRIPTION_NOT_FOUND", organizationId });
  const draft = new Draft(ledger);
  const context = { catalogue: plansOf(clock).catalogueAt(now), now, version: draft.version };
  const outcome = planChange(subscription, request.command, context);
  if ("refusal" in outcome) return refused(outcome.refusal);
  if ("scheduledVersion" in outcome) {
    const versions = [outcome.scheduledVersion];
    return recordNothing(ledger, { kind: "PLAN_CHANGE_SCHEDULE", versions }, request, now);
  }
  const { kind, after: subscriptionAfter, grantedMicros: amountMicros } = outcome.change;
  const total = totalMicros(draft.balance) + amountMicros;
  if (total > TOTAL_MICROS_MAX) return refused(limitExceeded(total));
  draft.putSubscription(subscriptionAfter);
  const made = grantDifference(ledger, draft, outcome.change, request, clock);
  draft.payDebts();
  const subject = { kind, effectiveTime: now, amountMicros, made, subscriptionAfter };
  return recordRequest(draft, subject, request, now);
}

type Standing = Readonly<{ account: Account; subscription: Subscription; catalogue: Catalogue; now: Time }>;

/** R-PLAN-7: what `changePlan` would do, or why it would not. What is scheduled already is shown as it was asked for. */
export function previewChange(
  { account, subscription, catalogue, now }: Standing,
  wish: PlanWish,
): Readonly<{ value: PlanChange }> | Readonly<{ refusal: Refusal }> {
  const context = { catalogue, now, version: account.version + 1n };
  let outcome = planChange(subscription, wish, context);
  if ("scheduledVersion" in outcome) {
    const unscheduled = { ...subscription, scheduled: undefined };
    outcome = planChange(unscheduled, { ...wish, counts: NO_LIMITS }, context);
  }
  if ("refusal" in outcome) return outcome;
  invariant("change" in outcome, "R-PLAN-7: a change that is scheduled without a schedule");
  const total = totalMicros(account.balance) + outcome.change.grantedMicros;
  if (total > TOTAL_MICROS_MAX) return { refusal: limitExceeded(total) };
  return { value: outcome.change };
}

function limitExceeded(total: bigint): Refusal {
  return { reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX };
}

/** Refusals: SUBSCRIPTION_NOT_FOUND, PLAN_CHANGE_NOT_SCHEDULED. */
export function withdrawPlanChange(
  ledger: LedgerView,
  request: Request<WithdrawPlanChange>,
  { now }: Clock,
): Decision {
  const { subscription, account } = ledger;
  const { organizationId } = account;
  if (!isLive(subscription)) return refused({ reason: "SUBSCRIPTION_NOT_FOUND", organizationId });
  if (!subscription.scheduled) return refused({ reason: "PLAN_CHANGE_NOT_SCHEDULED", subscription });
  const draft = new Draft(ledger);
  const subscriptionAfter = { ...subscription, scheduled: undefined, version: draft.version };
  draft.putSubscription(subscriptionAfter);
  const subject = { kind: "PLAN_CHANGE_WITHDRAW", effectiveTime: now, amountMicros: 0n } as const;
  return recordRequest(draft, { ...subject, subscriptionAfter }, request, now);
}

function grantDifference(
  ledger: LedgerView,
  draft: Draft,
  { grantedMicros: amountMicros, after }: PlanChange,
  { requestId }: Request,
  { now, newId }: Clock,
): readonly MadeGrant[] {
  if (amountMicros === 0n) return [];
  const reference = unusedReference(ledger, draft, changeReference(requestId));
  const expireTime = after.cycleEndTime;
  const made = { grantId: newId(), kind: "SUBSCRIPTION", amountMicros, expireTime, reference } as const;
  return [grantInto(draft, made, now)];
}
