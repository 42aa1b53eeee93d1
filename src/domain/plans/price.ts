/** Money: whole minor units of a currency (R-PLAN-11). */
export type Price = Readonly<{
  amountMinor: bigint;
  /** Three letters of ISO 4217. */
  currency: string;
}>;

/** A part of a whole, such as the time left of a term. */
export type Share = Readonly<{ part: bigint; whole: bigint }>;

/** A share of an amount, rounded up to a whole unit, once. */
export function shareOf(amount: bigint, { part, whole }: Share): bigint {
  return (amount * part + whole - 1n) / whole;
}

/** What going from one price to a higher one costs for a share of the term; nothing is paid back. */
export function differenceDue(from: Price, to: Price, share: Share): Price {
  // A price in another currency can't be set off against this one.
  const paid = from.currency === to.currency ? from.amountMinor : 0n;
  const more = to.amountMinor > paid ? to.amountMinor - paid : 0n;
  return { amountMinor: shareOf(more, share), currency: to.currency };
}
