import { TOTAL_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import type { Cycle } from "../plans/calendar.ts";
import type { Time } from "../time.ts";

/** What an organization owns, has promised and owes (R-BAL-2). */
export type Balance = Readonly<{
  subscriptionMicros: bigint;
  promotionalMicros: bigint;
  purchasedMicros: bigint;
  reservedMicros: bigint;
  debtMicros: bigint;
}>;

/** An organization's row: its balance, how far its history goes, and when something falls due. */
export type Account = Readonly<{
  organizationId: string;
  /** The number of its last change; 0 before the first one, when it is not open yet (R-BAL-6). */
  version: bigint;
  /** When its last change took effect. */
  updateTime: Time;
  balance: Balance;
  /** Nothing falls due before then. It may be too early, never too late. */
  nextDueTime: Time | undefined;
  /** The subscription's current cycle; undefined without a subscription. */
  cycle?: Cycle | undefined;
}>;

export const EMPTY_BALANCE: Balance = Object.freeze({
  subscriptionMicros: 0n,
  promotionalMicros: 0n,
  purchasedMicros: 0n,
  reservedMicros: 0n,
  debtMicros: 0n,
});

export function newAccount(organizationId: string): Account {
  return { organizationId, version: 0n, updateTime: 0n, balance: EMPTY_BALANCE, nextDueTime: undefined };
}

/** All credits not yet spent, held ones included. */
export function totalMicros(balance: Balance): bigint {
  return balance.subscriptionMicros + balance.promotionalMicros + balance.purchasedMicros;
}

export function availableMicros(balance: Balance): bigint {
  return totalMicros(balance) - balance.reservedMicros - balance.debtMicros;
}

export function isSameBalance(left: Balance, right: Balance): boolean {
  return (
    left.subscriptionMicros === right.subscriptionMicros &&
    left.promotionalMicros === right.promotionalMicros &&
    left.purchasedMicros === right.purchasedMicros &&
    left.reservedMicros === right.reservedMicros &&
    left.debtMicros === right.debtMicros
  );
}

/** Throws where a balance breaks a rule that holds after every change. */
export function assertBalance(balance: Balance): void {
  const free = totalMicros(balance) - balance.reservedMicros;
  const { subscriptionMicros, promotionalMicros, purchasedMicros, reservedMicros, debtMicros } = balance;
  invariant(
    subscriptionMicros >= 0n &&
      promotionalMicros >= 0n &&
      purchasedMicros >= 0n &&
      reservedMicros >= 0n &&
      debtMicros >= 0n,
    "R-BAL-2: less than nothing",
  );
  invariant(free >= 0n, "R-BAL-2: more is reserved than there is");
  invariant(balance.debtMicros === 0n || free === 0n, "R-GRANT-7: free credits beside debt");
  invariant(
    totalMicros(balance) <= TOTAL_MICROS_MAX && balance.debtMicros <= TOTAL_MICROS_MAX,
    "R-AMT-3: too much",
  );
}
