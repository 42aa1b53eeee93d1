import type { Account } from "../domain/ledger/account.ts";
import type { Grant } from "../domain/ledger/grant.ts";
import type { Refusal } from "../domain/ledger/refusal.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Price } from "../domain/plans/price.ts";
import type { Subscription } from "../domain/plans/subscription.ts";

/** How things stand for what a request was about. */
export type Standing = Readonly<{
  account: Account;
  /** The reservations that the request is about, in its order. */
  reservations: readonly Reservation[];
  /** The grant that it is about. */
  grant: Grant | undefined;
  /** The subscription that it is about. */
  subscription?: Subscription | undefined;
}>;

/** The answer to an accepted request: how its changes left things. */
export type Receipt = Standing &
  Readonly<{
    /** Its changes; none where there was nothing to do, as for an expired hold that is released. */
    transactions: readonly SealedTransaction[];
    /** Whether nothing changed because it had been done before (R-REQ-1, R-GRANT-4, R-HOLD-9). */
    replayed: boolean;
    /** With `replayed`: how things stand now. */
    current: Standing | undefined;
    /** Of a purchase, what it cost; of a change of plan, what is to be paid at once (R-PLAN-11). */
    price?: Price | undefined;
  }>;

/** A value, or why there is none. */
export type Answer<T, R = Refusal> = Readonly<{ value: T }> | Readonly<{ refusal: R }>;
