import { assertThresholds, type Threshold } from "../alerts/threshold.ts";
import { AMOUNT_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import type { BillingPeriod } from "../plans/plan.ts";
import type { PlanWish } from "../plans/plan-change.ts";
import type { Span, Time } from "../time.ts";
import type { GrantKind } from "./grant.ts";
import type { Measures, MeteredCall, ModelCall } from "./model-call.ts";
import { TIME_TO_LIVE_MAX, TIME_TO_LIVE_MIN } from "./reservation.ts";
import type { SpendContext } from "./spend-context.ts";

/** An amount, or what it is to be computed from: of a command's content, one of the two (R-REQ-2). */
type Amount = Readonly<{ amountMicros: bigint; call?: undefined; usage?: undefined; metered?: undefined }>;
type NoAmount = Readonly<{ amountMicros?: undefined }>;

export type ReserveItem = (Amount | (NoAmount & Readonly<{ call: ModelCall }>)) &
  Readonly<{ context: SpendContext; timeToLive: Span }>;

export type ReserveCredits = ReserveItem & Readonly<{ kind: "reserveCredits" }>;
export type BatchReserveCredits = Readonly<{ kind: "batchReserveCredits"; items: readonly ReserveItem[] }>;
export type SettleReservation = (Amount | (NoAmount & Readonly<{ usage: Measures }>)) &
  Readonly<{ kind: "settleReservation"; reservationId: string }>;
export type ReleaseReservation = Readonly<{ kind: "releaseReservation"; reservationId: string }>;
export type ReleaseRun = Readonly<{ kind: "releaseRun"; runId: string }>;
export type ExtendReservation = Readonly<{
  kind: "extendReservation";
  reservationId: string;
  timeToLive: Span | undefined;
  additionalAmountMicros: bigint | undefined;
}>;
export type ChargeCredits = (Amount | (NoAmount & Readonly<{ metered: MeteredCall }>)) &
  Readonly<{ kind: "chargeCredits"; context: SpendContext; allowDebt: boolean }>;
export type CreateGrant = Readonly<{
  kind: "createGrant";
  grantKind: GrantKind;
  amountMicros: bigint;
  expireTime: Time | undefined;
  reference: string;
}>;
export type VoidGrant = Readonly<{
  kind: "voidGrant";
  grantId: string;
  spentBecomesDebt: boolean;
  reason: string;
}>;

export type RefundReservation = Readonly<{
  kind: "refundReservation";
  reservationId: string;
  /** Undefined: all that was charged and not refunded yet. */
  amountMicros: bigint | undefined;
  reason: string;
}>;
/** A pack, or a number of credits (R-PLAN-9). */
export type Purchase = Readonly<{ packId: string }> | Readonly<{ amountMicros: bigint }>;
export type PurchaseCredits = Readonly<{ kind: "purchaseCredits"; purchase: Purchase; reference: string }>;
export type RefundPurchase = Readonly<{
  kind: "refundPurchase";
  reference: string;
  spentBecomesDebt: boolean;
  reason: string;
}>;
/** What a payment system calls for may have a reference of its own; under one it acts once (R-GRANT-4). */
type Referred = Readonly<{ reference?: string | undefined }>;

export type CreateSubscription = Referred &
  Readonly<{
    kind: "createSubscription";
    planId: string;
    billingPeriod: BillingPeriod;
    /** Undefined: now. */
    anchorTime: Time | undefined;
  }>;
export type ChangePlan = Referred & PlanWish & Readonly<{ kind: "changePlan" }>;
export type WithdrawPlanChange = Referred & Readonly<{ kind: "withdrawPlanChange" }>;
export type CancelSubscription = Referred & Readonly<{ kind: "cancelSubscription"; reason: string }>;
export type SuspendSubscription = Referred &
  Readonly<{
    kind: "suspendSubscription";
    /** Whether what is free of the current cycle's credits is taken back. */
    voidCycle: boolean;
    reason: string;
  }>;
export type ResumeSubscription = Referred & Readonly<{ kind: "resumeSubscription" }>;

export type SubscriptionCommand =
  | CreateSubscription
  | ChangePlan
  | WithdrawPlanChange
  | CancelSubscription
  | SuspendSubscription
  | ResumeSubscription;
export type SetAlertThresholds = Readonly<{
  kind: "setAlertThresholds";
  /** In place of all there were. */
  thresholds: readonly Threshold[];
}>;

export type Command =
  | ReserveCredits
  | BatchReserveCredits
  | SettleReservation
  | ReleaseReservation
  | ReleaseRun
  | ExtendReservation
  | ChargeCredits
  | CreateGrant
  | VoidGrant
  | RefundReservation
  | PurchaseCredits
  | RefundPurchase
  | SubscriptionCommand
  | SetAlertThresholds;

const SUBSCRIPTION_COMMANDS: Readonly<Record<SubscriptionCommand["kind"], true>> = {
  createSubscription: true,
  changePlan: true,
  withdrawPlanChange: true,
  cancelSubscription: true,
  suspendSubscription: true,
  resumeSubscription: true,
};

export function isSubscriptionCommand(command: Command): command is SubscriptionCommand {
  return Object.hasOwn(SUBSCRIPTION_COMMANDS, command.kind);
}

/** What a command acts under, once; a refund names the purchase's. */
export function referenceOf(command: Command): string | undefined {
  return "reference" in command && command.kind !== "refundPurchase" ? command.reference : undefined;
}

/** R-BAL-6: the first grant, purchase or subscription opens an organization. */
export function opensOrganization({ kind }: Command): boolean {
  return kind === "createGrant" || kind === "purchaseCredits" || kind === "createSubscription";
}

/** A command as somebody asked for it. */
export type Request<C extends Command = Command> = Readonly<{
  organizationId: string;
  requestId: string;
  /** SHA-256 of `canonicalCommand(command)`, in hex. */
  fingerprint: string;
  actor: string;
  command: C;
}>;

/** Throws where a command is out of range: the front doors refuse that with a typed error, here it is a fault. */
export function assertCommand(command: Command): void {
  const parts = partsOf(command);
  const least = LEAST_MICROS[command.kind] ?? 0n;
  invariant(parts.length > 0, "R-HOLD-10: a batch of nothing");
  for (const part of parts) {
    if ("amountMicros" in part) assertAmount(part.amountMicros ?? least, least);
    if ("additionalAmountMicros" in part) assertAmount(part.additionalAmountMicros ?? 0n, 0n);
    if ("timeToLive" in part) assertTimeToLive(part.timeToLive ?? TIME_TO_LIVE_MIN);
  }
  if (command.kind === "createGrant") assertGrantRequest(command);
  if (command.kind === "setAlertThresholds") assertThresholds(command.thresholds);
}

/** R-AMT-4: zero is valid to reserve, settle and charge, and nowhere else. */
const LEAST_MICROS: Readonly<Partial<Record<Command["kind"], bigint>>> = {
  createGrant: 1n,
  purchaseCredits: 1n,
  refundReservation: 1n,
};

function partsOf(command: Command): readonly (Command | ReserveItem | Purchase)[] {
  if (command.kind === "batchReserveCredits") return command.items;
  return command.kind === "purchaseCredits" ? [command.purchase] : [command];
}

function assertGrantRequest({ grantKind, expireTime, reference }: CreateGrant): void {
  invariant(
    grantKind !== "PURCHASED" || expireTime === undefined,
    "R-GRANT-1: purchased credits that expire",
  );
  invariant(grantKind !== "SUBSCRIPTION" || expireTime !== undefined, "R-GRANT-1: a cycle without an end");
  invariant(reference !== "", "R-GRANT-4: a grant without a reference");
}

function assertAmount(amountMicros: bigint, least: bigint): void {
  const inRange = amountMicros >= least && amountMicros <= AMOUNT_MICROS_MAX;
  invariant(inRange, `R-AMT-3: an amount of ${amountMicros} micros`);
}

function assertTimeToLive(timeToLive: Span): void {
  const inRange = timeToLive >= TIME_TO_LIVE_MIN && timeToLive <= TIME_TO_LIVE_MAX;
  invariant(inRange, `R-HOLD-7: a hold of ${timeToLive} microseconds`);
}
