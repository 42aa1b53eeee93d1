/** One credit. Every amount is a whole number of microcredits (R-AMT-1). */
export const CREDIT_MICROS = 1_000_000n;

/** The largest amount that one request may name (R-AMT-3). */
export const AMOUNT_MICROS_MAX = 10n ** 15n;

/**
 * The most that an organization may own, and the most that it may owe (R-AMT-3).
 * It leaves int64 room for one more amount, so no sum overflows before it is checked.
 */
export const TOTAL_MICROS_MAX = 10n ** 18n;

export function minMicros(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
