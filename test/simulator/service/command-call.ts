import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Balance } from "../../../gen/pleyor/credits/v1/balance_pb.ts";
import { GrantKind } from "../../../gen/pleyor/credits/v1/grant_pb.ts";
import type { Reservation } from "../../../gen/pleyor/credits/v1/reservation_pb.ts";
import { BillingPeriod } from "../../../gen/pleyor/credits/v1/subscription_pb.ts";
import type { CreditClient } from "../../../src/client/client.ts";
import type { Command, ReserveItem, SubscriptionCommand } from "../../../src/domain/ledger/command.ts";
import { isSubscriptionCommand } from "../../../src/domain/ledger/command.ts";
import { toProtoTimestamp } from "../../../src/rpc/convert-time.ts";

/** What all answers to mutations have. */
export type Response = Readonly<{
  replayed: boolean;
  balance?: Balance | undefined;
  reservation?: Reservation | undefined;
  reservations?: readonly Reservation[];
}>;

type Names = Readonly<{ organizationId: string; requestId: string }>;

/** Sends a command as the call that asks for it. */
export function callFor(client: CreditClient, names: Names, command: Command): Promise<Response> {
  if (isSubscriptionCommand(command)) return subscriptionCall(client, names, command);
  const { credits, grants, subscriptions } = client;
  switch (command.kind) {
    case "reserveCredits":
      return credits.reserveCredits({ ...names, ...toItem(command) });
    case "batchReserveCredits":
      return credits.batchReserveCredits({ ...names, items: command.items.map(toItem) });
    case "settleReservation":
      return credits.settleReservation({ ...names, ...command, cost: toCost(command.amountMicros) });
    case "releaseReservation":
      return credits.releaseReservation({ ...names, reservationId: command.reservationId });
    case "releaseRun":
      return credits.releaseRun({ ...names, runId: command.runId });
    case "extendReservation": {
      const { reservationId, timeToLive, additionalAmountMicros } = command;
      // The contract has no zero here: what is left out adds nothing.
      const more = additionalAmountMicros ? { additionalAmountMicros } : {};
      const longer = timeToLive === undefined ? {} : { timeToLive: toDuration(timeToLive) };
      return credits.extendReservation({ ...names, reservationId, ...more, ...longer });
    }
    case "chargeCredits": {
      const { allowDebt, amountMicros, context } = command;
      return credits.chargeCredits({
        ...names,
        allowDebt,
        cost: toCost(amountMicros),
        context: { ...context },
      });
    }
    case "createGrant": {
      const { grantKind, amountMicros, reference, expireTime } = command;
      const expiry = expireTime === undefined ? {} : { expireTime: toTimestamp(expireTime) };
      return grants.createGrant({ ...names, kind: GrantKind[grantKind], amountMicros, reference, ...expiry });
    }
    case "voidGrant":
      return grants.voidGrant({ ...names, ...command });
    case "refundReservation": {
      const { reservationId, amountMicros, reason } = command;
      const amount = amountMicros === undefined ? {} : { amountMicros };
      return credits.refundReservation({ ...names, reservationId, reason, ...amount });
    }
    case "purchaseCredits": {
      const { purchase, reference } = command;
      const what =
        "packId" in purchase
          ? ({ case: "packId", value: purchase.packId } as const)
          : ({ case: "amountMicros", value: purchase.amountMicros } as const);
      return subscriptions.purchaseCredits({ ...names, purchase: what, reference });
    }
    case "refundPurchase":
      return subscriptions.refundPurchase({ ...names, ...command });
    case "setAlertThresholds":
      throw new Error("the scripts set no thresholds");
  }
}

function subscriptionCall(
  { subscriptions }: CreditClient,
  { organizationId, requestId }: Names,
  command: SubscriptionCommand,
): Promise<Response> {
  const { reference } = command;
  const ids = { organizationId, requestId };
  const names = reference === undefined ? ids : { ...ids, reference };
  switch (command.kind) {
    case "createSubscription": {
      const { planId, anchorTime } = command;
      const anchor = anchorTime === undefined ? {} : { anchorTime: toTimestamp(anchorTime) };
      const billingPeriod = BillingPeriod[command.billingPeriod];
      return subscriptions.createSubscription({ ...names, planId, billingPeriod, ...anchor });
    }
    case "changePlan": {
      const { planId, counts } = command;
      const members = counts.MEMBERS === undefined ? {} : { members: counts.MEMBERS };
      const billingPeriod = BillingPeriod[command.billingPeriod];
      return subscriptions.changePlan({ ...names, planId, billingPeriod, counts: members });
    }
    case "withdrawPlanChange":
      return subscriptions.withdrawPlanChange(names);
    case "cancelSubscription":
      return subscriptions.cancelSubscription({ ...names, reason: command.reason });
    case "suspendSubscription":
      return subscriptions.suspendSubscription({ ...names, voidCycle: command.voidCycle });
    case "resumeSubscription":
      return subscriptions.resumeSubscription(names);
  }
}

function toItem({ amountMicros, timeToLive, context }: ReserveItem) {
  return { cost: toCost(amountMicros), timeToLive: toDuration(timeToLive), context: { ...context } };
}

/** The scripts give amounts: what models cost, the naive model does not know. */
function toCost(value: bigint | undefined) {
  if (value === undefined) throw new Error("the scripts call no models");
  return { case: "amountMicros", value } as const;
}

function toDuration(micros: bigint): Pick<Duration, "seconds" | "nanos"> {
  return { seconds: micros / 1_000_000n, nanos: Number(micros % 1_000_000n) * 1_000 };
}

function toTimestamp(time: bigint): Timestamp {
  return toProtoTimestamp(time);
}
