import { TOTAL_MICROS_MAX } from "../amount.ts";
import { isLive, type Subscription } from "../plans/subscription.ts";
import { totalMicros } from "./account.ts";
import type { Request, ResumeSubscription, SuspendSubscription } from "./command.ts";
import { grantCycle } from "./cycle.ts";
import { type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { Grant } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { recordNothing, recordRequest } from "./request-reference.ts";

/**
 * R-PLAN-8: cycles give nothing from the next boundary on. The current cycle's
 * grants can be voided at once, spent ones too, so that a refund makes nothing of
 * them free; what is held of them goes as for any voided grant. Where nothing is
 * left to be done, nothing changes.
 *
 * Refusals: SUBSCRIPTION_NOT_FOUND.
 */
export function suspendSubscription(
  ledger: LedgerView,
  request: Request<SuspendSubscription>,
  { now }: Clock,
): Decision {
  const { subscription, account } = ledger;
  const { organizationId } = account;
  if (!isLive(subscription)) return refused({ reason: "SUBSCRIPTION_NOT_FOUND", organizationId });
  const { voidCycle, reason } = request.command;
  const kind = "SUBSCRIPTION_SUSPEND";
  const voided = voidCycle ? cycleGrants(ledger, subscription) : [];
  if (subscription.state === "PAST_DUE" && voided.length === 0)
    return recordNothing(ledger, { kind, versions: [], reason }, request, now);
  const draft = new Draft(ledger);
  const ids = voided.map(({ grantId }) => grantId);
  const subscriptionAfter: Subscription = {
    ...subscription,
    state: "PAST_DUE",
    suspendedGrantIds: [...subscription.suspendedGrantIds, ...ids],
    version: draft.version,
  };
  draft.putSubscription(subscriptionAfter);
  for (const { grantId, freeMicros: amountMicros } of voided)
    draft.move({ grantId, from: "FREE", to: "VOIDED", amountMicros, debtVersion: undefined });
  const amountMicros = voided.reduce((sum, { freeMicros }) => sum + freeMicros, 0n);
  const subject = { kind, effectiveTime: now, amountMicros, reference: reason, subscriptionAfter } as const;
  return recordRequest(draft, subject, request, now);
}

/**
 * R-PLAN-8: the current cycle has its credits in full, once: they are granted where
 * it began past due, and what suspending voided of them comes back.
 *
 * Refusals: SUBSCRIPTION_NOT_FOUND, BALANCE_LIMIT_EXCEEDED.
 */
export function resumeSubscription(
  ledger: LedgerView,
  request: Request<ResumeSubscription>,
  { now, newId }: Clock,
): Decision {
  const { subscription, account } = ledger;
  const { organizationId } = account;
  if (!isLive(subscription)) return refused({ reason: "SUBSCRIPTION_NOT_FOUND", organizationId });
  const kind = "SUBSCRIPTION_RESUME";
  if (subscription.state === "ACTIVE") return recordNothing(ledger, { kind, versions: [] }, request, now);
  const draft = new Draft(ledger);
  const { cycleSkipped, plan, suspendedGrantIds } = subscription;
  const back = suspendedGrantIds.map((id) => draft.grant(id));
  const backMicros = back.reduce((sum, { voidedMicros }) => sum + voidedMicros, 0n);
  const amountMicros = backMicros + (cycleSkipped ? plan.cycleMicros : 0n);
  const total = totalMicros(draft.balance) + amountMicros;
  if (total > TOTAL_MICROS_MAX)
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX });
  const subscriptionAfter: Subscription = {
    ...subscription,
    state: "ACTIVE",
    cycleSkipped: false,
    suspendedGrantIds: [],
    version: draft.version,
  };
  draft.putSubscription(subscriptionAfter);
  const made = cycleSkipped ? grantCycle(ledger, draft, subscriptionAfter, now, newId) : [];
  for (const { grantId, voidedMicros } of back)
    draft.move({ grantId, from: "VOIDED", to: "FREE", amountMicros: voidedMicros, debtVersion: undefined });
  draft.payDebts();
  const subject = { kind, effectiveTime: now, amountMicros, made, subscriptionAfter } as const;
  return recordRequest(draft, subject, request, now);
}

/** The current cycle's own grants that are not void yet; they are known by when they expire. */
function cycleGrants(ledger: LedgerView, { cycleEndTime }: Subscription): readonly Grant[] {
  return [...ledger.grants.values()].filter(
    ({ kind, expireTime, voided }) => kind === "SUBSCRIPTION" && expireTime === cycleEndTime && !voided,
  );
}
