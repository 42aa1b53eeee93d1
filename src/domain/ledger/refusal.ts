import type { PlanChangeRefusal } from "../plans/plan-change.ts";
import type { Remedy } from "../plans/remedy.ts";
import type { Subscription } from "../plans/subscription.ts";
import type { CostRefusal } from "../pricing/refusal.ts";
import type { Time } from "../time.ts";
import type { Grant } from "./grant.ts";
import type { FirstUse } from "./ledger.ts";
import type { Reservation } from "./reservation.ts";

/**
 * Why a command was refused, in order of precedence: where several apply, the
 * first one here is given. A refused command changed nothing and is not remembered.
 */
export type Refusal =
  | Readonly<{ reason: "REQUEST_ID_REUSED"; requestId: string; first: FirstUse }>
  | Readonly<{ reason: "ORGANIZATION_NOT_FOUND"; organizationId: string }>
  | ReferenceReused
  | Readonly<{ reason: "RESERVATION_NOT_FOUND"; organizationId: string; reservationId: string }>
  | Readonly<{ reason: "GRANT_NOT_FOUND"; organizationId: string; grantId: string }>
  | Readonly<{ reason: "PURCHASE_NOT_FOUND"; organizationId: string; reference: string }>
  | Readonly<{ reason: "SUBSCRIPTION_NOT_FOUND"; organizationId: string }>
  | PlanChangeRefusal
  | Readonly<{ reason: "SUBSCRIPTION_EXISTS"; subscription: Subscription }>
  | Readonly<{ reason: "PLAN_CHANGE_NOT_SCHEDULED"; subscription: Subscription }>
  | Readonly<{ reason: "ANCHOR_OUT_OF_RANGE"; anchorTime: Time; earliest: Time; latest: Time }>
  | Readonly<{ reason: "PACK_NOT_FOUND"; packId: string }>
  | Readonly<{ reason: "UNIT_PRICE_MISSING" }>
  | Readonly<{ reason: "EXPIRE_TIME_PASSED"; expireTime: Time; now: Time }>
  | Readonly<{ reason: "RESERVATION_SETTLED"; reservation: Reservation }>
  | Readonly<{ reason: "RESERVATION_RELEASED"; reservation: Reservation }>
  | Readonly<{ reason: "RESERVATION_EXPIRED"; reservation: Reservation }>
  | Readonly<{ reason: "RESERVATION_NOT_SETTLED"; reservation: Reservation }>
  | Readonly<{ reason: "REFUND_EXCEEDS_CHARGE"; reservation: Reservation; refundableMicros: bigint }>
  | Readonly<{ reason: "GRANT_VOIDED"; grant: Grant }>
  | Readonly<{ reason: "TIME_TO_LIVE_EXCEEDED"; reservation: Reservation; expireTimeMax: Time }>
  | Readonly<{ reason: "RESERVATION_UNPRICED"; reservation: Reservation }>
  | CostRefusal
  | InsufficientCredits
  | Readonly<{ reason: "BALANCE_LIMIT_EXCEEDED"; totalMicros: bigint; limitMicros: bigint }>;

/** R-GRANT-4: what the reference did first: it made a grant, or it did something else. */
export type ReferenceReused =
  | Readonly<{ reason: "REFERENCE_REUSED"; grant: Grant; first?: undefined }>
  | Readonly<{ reason: "REFERENCE_REUSED"; grant?: undefined; first: FirstUse; reference: string }>;

/** R-HOLD-2. Of a batch: the first item that fails, and what all items need together (R-HOLD-10). */
export type InsufficientCredits = Readonly<{
  reason: "INSUFFICIENT_CREDITS";
  availableMicros: bigint;
  requiredMicros: bigint;
  itemIndex: number | undefined;
  /** Filled in where an answer is made of it: it needs more than the decision does. */
  remedy?: Remedy;
}>;

/** Why a read was refused. */
export type ReadRefusal =
  | Extract<Refusal, { reason: "ORGANIZATION_NOT_FOUND" | "RESERVATION_NOT_FOUND" | "GRANT_NOT_FOUND" }>
  | Readonly<{ reason: "TRANSACTION_NOT_FOUND"; organizationId: string; version: bigint }>
  | Readonly<{ reason: "READ_TIME_IN_FUTURE"; readTime: Time; now: Time }>
  | Readonly<{ reason: "PAGE_TOKEN_INVALID"; explanation: string }>;
