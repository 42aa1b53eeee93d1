import { invariant } from "../invariant.ts";
import type { Subscription } from "../plans/subscription.ts";
import type { Time } from "../time.ts";
import type { Balance } from "./account.ts";
import type { GrantBuckets, GrantKind, MadeGrant } from "./grant.ts";
import type { Pricing } from "./model-call.ts";
import type { SpendContext } from "./spend-context.ts";

export type TransactionKind =
  | "GRANT"
  | "GRANT_VOID"
  | "GRANT_EXPIRY"
  | "RESERVE"
  | "EXTEND"
  | "SETTLE"
  | "RELEASE"
  | "HOLD_EXPIRY"
  | "CHARGE"
  | "REFUND"
  | SubscriptionChangeKind
  | "ALERT_THRESHOLDS";

/** The kinds about a subscription; each carries the subscription after it. */
export type SubscriptionChangeKind =
  | "SUBSCRIPTION_START"
  | "CYCLE_RESET"
  | "PLAN_CHANGE"
  | "PLAN_CHANGE_SCHEDULE"
  | "PLAN_CHANGE_WITHDRAW"
  | "SUBSCRIPTION_CANCEL"
  | "SUBSCRIPTION_SUSPEND"
  | "SUBSCRIPTION_RESUME"
  | "SUBSCRIPTION_END";

export type CreditState = "OUTSIDE" | "FREE" | "HELD" | "CONSUMED" | "EXPIRED" | "VOIDED" | "DEBT";

/**
 * Credits that went from one state to another. Debt arises without a grant
 * (DEBT to CONSUMED: work was done; DEBT to VOIDED: spent credits were taken
 * back) and is paid by one (FREE to DEBT), for which that is consumption. A refund
 * undoes consumption: without a grant, of work that debt stood for (CONSUMED to
 * DEBT where that is still owed, to VOIDED where it was paid since).
 */
export type Movement = Readonly<{
  grantId: string | undefined;
  from: CreditState;
  to: CreditState;
  amountMicros: bigint;
  /** Where debt is paid: the change that caused it. */
  debtVersion: bigint | undefined;
}>;

/** What asked for a change. A change that fell due by itself has no request id. */
export type Origin = Readonly<{
  requestId: string | undefined;
  /** SHA-256 of the canonical command: the content of R-REQ-2. */
  fingerprint: string | undefined;
  actor: string;
}>;

/** What a change is about; what does not apply to its kind is undefined. */
export type Subject = Readonly<{
  kind: TransactionKind;
  effectiveTime: Time;
  reservationId?: string;
  grantId?: string;
  grantKind?: GrantKind;
  amountMicros: bigint;
  expireTime?: Time;
  late?: boolean;
  spentBecomesDebt?: boolean;
  context?: SpendContext;
  reference?: string;
  /** What the request acted under, once, where it made no grant for it (R-GRANT-4). */
  requestReference?: string;
  /** The grants that a REFUND or a change of a subscription made. */
  made?: readonly MadeGrant[];
  /** Of the kinds about a subscription. */
  subscriptionAfter?: Subscription;
  /** Where the amount was computed. */
  pricing?: Pricing;
}>;

/** One accepted change of an organization (R-HIST-2). From these alone everything can be recomputed. */
export type Transaction = Subject &
  Origin &
  Readonly<{
    organizationId: string;
    version: bigint;
    recordTime: Time;
    /** Its place among the changes of its request; 0 where it fell due by itself. */
    requestOrdinal: number;
    movements: readonly Movement[];
    /** The balance after it (R-BAL-4). */
    balance: Balance;
    /** Where the credits of the grant that it is about are after it. */
    grantAfter: GrantBuckets | undefined;
  }>;

export const SYSTEM_ACTOR = "system";

/** A transaction in its place in the hash chain (R-HIST-4); the hash is SHA-256, in hex. */
export type SealedTransaction = Transaction & Readonly<{ hash: string }>;

/** What is told of it where many are listed. */
export type ListedTransaction = Omit<SealedTransaction, "fingerprint" | "grantAfter">;

/** What of its movements a transaction's amount is the sum of. */
const AMOUNT: Readonly<Record<TransactionKind, (movement: Movement) => boolean>> = {
  GRANT: ({ from }) => from === "OUTSIDE",
  GRANT_VOID: ({ from, to }) => from === "FREE" && to === "VOIDED",
  GRANT_EXPIRY: ({ to }) => to === "EXPIRED",
  RESERVE: ({ to }) => to === "HELD",
  EXTEND: ({ to }) => to === "HELD",
  SETTLE: ({ to }) => to === "CONSUMED",
  CHARGE: ({ to }) => to === "CONSUMED",
  RELEASE: ({ from }) => from === "HELD",
  HOLD_EXPIRY: ({ from }) => from === "HELD",
  REFUND: ({ from }) => from === "CONSUMED",
  SUBSCRIPTION_START: ({ from }) => from === "OUTSIDE",
  CYCLE_RESET: ({ from }) => from === "OUTSIDE",
  PLAN_CHANGE: ({ from }) => from === "OUTSIDE",
  PLAN_CHANGE_SCHEDULE: () => true,
  PLAN_CHANGE_WITHDRAW: () => true,
  SUBSCRIPTION_CANCEL: () => true,
  SUBSCRIPTION_SUSPEND: ({ to }) => to === "VOIDED",
  SUBSCRIPTION_RESUME: ({ from }) => from === "OUTSIDE" || from === "VOIDED",
  SUBSCRIPTION_END: ({ to }) => to === "EXPIRED",
  ALERT_THRESHOLDS: () => false,
};

/** The one kind that moves credits out of a state that is an end for all others. */
const UNDONE_BY: Readonly<Partial<Record<CreditState, TransactionKind>>> = {
  CONSUMED: "REFUND",
  VOIDED: "SUBSCRIPTION_RESUME",
};

/** Throws where a transaction contradicts itself. */
export function assertTransaction({
  kind,
  amountMicros,
  movements,
  effectiveTime,
  recordTime,
}: Transaction): void {
  let moved = 0n;
  for (const movement of movements) if (AMOUNT[kind](movement)) moved += movement.amountMicros;
  for (const { from } of movements) {
    const allowed = (UNDONE_BY[from] ?? kind) === kind;
    invariant(allowed, `R-GRANT-6: ${kind} of what was ${from}`);
  }
  invariant(moved === amountMicros, `R-HIST-2: ${kind} of ${amountMicros} micros moved ${moved}`);
  invariant(recordTime >= effectiveTime, `R-BAL-5: ${kind} recorded before it happened`);
}
