import { TOTAL_MICROS_MAX } from "../amount.ts";
import { type PlanChange, planChange } from "../plans/plan-change.ts";
import { isLive } from "../plans/subscription.ts";
import { totalMicros } from "./account.ts";
import type { ChangePlan, Request, WithdrawPlanChange } from "./command.ts";
import { grantInto } from "./cycle.ts";
import { accepted, type Clock, type Decision, plansOf, refused, unchanged } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { MadeGrant } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { unusedReference } from "./reference.ts";

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
  if ("scheduledVersion" in outcome) return unchanged([outcome.scheduledVersion]);
  const { kind, after: subscriptionAfter, grantedMicros: amountMicros } = outcome.change;
  const total = totalMicros(draft.balance) + amountMicros;
  if (total > TOTAL_MICROS_MAX)
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX });
  draft.putSubscription(subscriptionAfter);
  const made = grantDifference(ledger, draft, outcome.change, request, clock);
  draft.payDebts();
  draft.record({ kind, effectiveTime: now, amountMicros, made, subscriptionAfter }, request, now);
  return accepted(draft);
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
  draft.record({ ...subject, subscriptionAfter }, request, now);
  return accepted(draft);
}

function grantDifference(
  ledger: LedgerView,
  draft: Draft,
  { grantedMicros: amountMicros, after }: PlanChange,
  { requestId }: Request,
  { now, newId }: Clock,
): readonly MadeGrant[] {
  if (amountMicros === 0n) return [];
  const reference = unusedReference(ledger, draft, `change:${requestId}`);
  const expireTime = after.cycleEndTime;
  const made = { grantId: newId(), kind: "SUBSCRIPTION", amountMicros, expireTime, reference } as const;
  return [grantInto(draft, made, now)];
}
