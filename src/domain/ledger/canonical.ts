import { thresholdsText } from "../alerts/threshold.ts";
import { LIMIT_KINDS } from "../plans/plan.ts";
import type { Price } from "../plans/price.ts";
import type { Subscription } from "../plans/subscription.ts";
import type {
  ChargeCredits,
  Command,
  ReserveItem,
  SettleReservation,
  SubscriptionCommand,
} from "./command.ts";
import type { MadeGrant } from "./grant.ts";
import { callFields, measureFields, meteredFields, pricingFields } from "./model-call.ts";
import { NO_CONTEXT, type SpendContext } from "./spend-context.ts";
import type { Transaction } from "./transaction.ts";

/**
 * The content of a command as one text (R-REQ-2): a JSON array of strings, nulls
 * and arrays in a fixed order, with defaults filled in. Equal commands give equal
 * texts, however they came over the wire. The first element is the format's version.
 */
export function canonicalCommand(command: Command): string {
  return JSON.stringify(["command.1", command.kind, ...commandFields(command)]);
}

/**
 * The bytes that a transaction's hash covers, as text to be encoded in UTF-8
 * (R-HIST-4). Times are whole microseconds since 1970. What is left out and its
 * default give one text, so that storage need not tell them apart.
 */
export function canonicalTransaction(transaction: Transaction): string {
  const { movements, balance, context, grantAfter, made, subscriptionAfter, pricing } = transaction;
  // Only kinds that came later carry these, so the texts of the first kinds stay as they are.
  const later: unknown[] = made || subscriptionAfter ? [(made ?? []).map(madeFields)] : [];
  if (subscriptionAfter) later.push(subscriptionFields(subscriptionAfter));
  // What was computed from a price carries more than what was given.
  if (pricing) later.push(["pricing", ...pricingFields(pricing)]);
  later.push(...referenceFields(transaction.requestReference));
  return JSON.stringify([
    "transaction.1",
    transaction.organizationId,
    text(transaction.version),
    transaction.kind,
    text(transaction.effectiveTime),
    text(transaction.recordTime),
    text(transaction.requestId),
    text(transaction.fingerprint),
    text(transaction.requestOrdinal),
    transaction.actor,
    text(transaction.reservationId),
    text(transaction.grantId),
    text(transaction.grantKind),
    text(transaction.amountMicros),
    text(transaction.expireTime),
    text(transaction.late ?? false),
    text(transaction.spentBecomesDebt ?? false),
    text(transaction.reference),
    contextFields(context ?? NO_CONTEXT),
    movements.map((m) => [text(m.grantId), m.from, m.to, text(m.amountMicros), text(m.debtVersion)]),
    [
      text(balance.subscriptionMicros),
      text(balance.promotionalMicros),
      text(balance.purchasedMicros),
      text(balance.reservedMicros),
      text(balance.debtMicros),
    ],
    grantAfter && [
      text(grantAfter.freeMicros),
      text(grantAfter.heldMicros),
      text(grantAfter.consumedMicros),
      text(grantAfter.expiredMicros),
      text(grantAfter.voidedMicros),
    ],
    ...later,
  ]);
}

function commandFields(command: Command): readonly unknown[] {
  switch (command.kind) {
    case "reserveCredits":
      return itemFields(command);
    case "batchReserveCredits":
      return command.items.map(itemFields);
    case "settleReservation":
      return [command.reservationId, settleFields(command)];
    case "releaseReservation":
      return [command.reservationId];
    case "releaseRun":
      return [command.runId];
    case "extendReservation":
      return [command.reservationId, text(command.timeToLive), text(command.additionalAmountMicros)];
    case "chargeCredits":
      return [chargeFields(command), contextFields(command.context), text(command.allowDebt)];
    case "createGrant":
      return [command.grantKind, text(command.amountMicros), text(command.expireTime), command.reference];
    case "voidGrant":
      return [command.grantId, text(command.spentBecomesDebt), command.reason];
    case "refundReservation":
      return [command.reservationId, text(command.amountMicros), command.reason];
    case "purchaseCredits": {
      const { purchase, reference } = command;
      return "packId" in purchase
        ? ["pack", purchase.packId, reference]
        : ["amount", text(purchase.amountMicros), reference];
    }
    case "refundPurchase":
      return [command.reference, text(command.spentBecomesDebt), command.reason];
    case "setAlertThresholds":
      return [thresholdsText(command.thresholds)];
    default:
      return subscriptionCommandFields(command);
  }
}

/** A reference comes last, where there is one: so the texts without are what they were before there were any. */
function subscriptionCommandFields(command: SubscriptionCommand): readonly unknown[] {
  return [...subscriptionContent(command), ...referenceFields(command.reference)];
}

function subscriptionContent(command: SubscriptionCommand): readonly unknown[] {
  switch (command.kind) {
    case "createSubscription":
      return [command.planId, command.billingPeriod, text(command.anchorTime)];
    case "changePlan":
      return [command.planId, command.billingPeriod, LIMIT_KINDS.map((kind) => text(command.counts[kind]))];
    case "cancelSubscription":
      return [command.reason];
    case "suspendSubscription":
      return [text(command.voidCycle), command.reason];
    case "withdrawPlanChange":
    case "resumeSubscription":
      return [];
  }
}

function referenceFields(reference: string | undefined): readonly unknown[] {
  return reference === undefined ? [] : [["reference", reference]];
}

function madeFields({ grantId, kind, amountMicros, expireTime, reference }: MadeGrant): readonly unknown[] {
  return [grantId, kind, text(amountMicros), text(expireTime), reference];
}

function subscriptionFields(subscription: Subscription): readonly unknown[] {
  const { plan, price, scheduled } = subscription;
  return [
    subscription.state,
    [
      plan.planId,
      plan.displayName,
      text(plan.rank),
      text(plan.cycleMicros),
      LIMIT_KINDS.map((kind) => text(plan.limits[kind])),
      priceFields(plan.monthlyPrice),
      priceFields(plan.yearlyPrice),
    ],
    subscription.billingPeriod,
    priceFields(price),
    text(subscription.anchorTime),
    text(subscription.cycleIndex),
    text(subscription.cycleStartTime),
    text(subscription.cycleEndTime),
    text(subscription.termIndex),
    text(subscription.termStartTime),
    text(subscription.termEndTime),
    text(subscription.cycleMicrosMax),
    text(subscription.cycleSkipped),
    subscription.suspendedGrantIds,
    scheduled
      ? [scheduled.kind, text(scheduled.planId), text(scheduled.billingPeriod), text(scheduled.version)]
      : null,
  ];
}

function priceFields({ amountMinor, currency }: Price): readonly unknown[] {
  return [text(amountMinor), currency];
}

function itemFields({ amountMicros, call, context, timeToLive }: ReserveItem): readonly unknown[] {
  const cost = call ? ["price", ...callFields(call)] : text(amountMicros);
  return [cost, contextFields(context), text(timeToLive)];
}

function settleFields({ amountMicros, usage }: SettleReservation): unknown {
  return usage ? ["usage", measureFields(usage)] : text(amountMicros);
}

function chargeFields({ amountMicros, metered }: ChargeCredits): unknown {
  return metered ? ["metered", ...meteredFields(metered)] : text(amountMicros);
}

function contextFields(context: SpendContext): readonly unknown[] {
  const { runId, nodeId, agentId, workspaceId, memberId, parentRunId, modelId, labels = {} } = context;
  const ids = [runId, nodeId, agentId, workspaceId, memberId, parentRunId, modelId].map(text);
  const keys = Object.keys(labels).sort();
  return [...ids, keys.map((key) => [key, labels[key]])];
}

function text(value: bigint | number | boolean | string | undefined): string | null {
  return value === undefined ? null : String(value);
}
