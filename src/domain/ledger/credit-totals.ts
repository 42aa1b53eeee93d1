import type { Debt } from "./debt.ts";
import type { Grant, GrantBuckets } from "./grant.ts";
import { applyMovementToBuckets } from "./movement.ts";
import type { Movement } from "./transaction.ts";

/** Where all credits that were ever granted are, and all debt (R-GRANT-6); in microcredits. */
export type CreditTotals = GrantBuckets &
  Readonly<{ grantedMicros: bigint; incurredMicros: bigint; paidMicros: bigint }>;

export const NO_CREDITS: CreditTotals = Object.freeze({
  grantedMicros: 0n,
  freeMicros: 0n,
  heldMicros: 0n,
  consumedMicros: 0n,
  expiredMicros: 0n,
  voidedMicros: 0n,
  incurredMicros: 0n,
  paidMicros: 0n,
});

/** The totals after a movement. */
export function totalsAfter(totals: CreditTotals, movement: Movement): CreditTotals {
  const { grantId, from, to, amountMicros } = movement;
  const after = grantId === undefined ? totals : applyMovementToBuckets(totals, movement);
  if (from !== "OUTSIDE" && from !== "DEBT" && to !== "DEBT") return after;
  return {
    ...after,
    grantedMicros: after.grantedMicros + (from === "OUTSIDE" ? amountMicros : 0n),
    incurredMicros: after.incurredMicros + (from === "DEBT" ? amountMicros : 0n),
    paidMicros: after.paidMicros + (to === "DEBT" ? amountMicros : 0n),
  };
}

/** What one grant has of them. */
export function totalsOfGrant(grant: Grant): CreditTotals {
  const { amountMicros: grantedMicros, freeMicros, heldMicros } = grant;
  const { consumedMicros, expiredMicros, voidedMicros } = grant;
  const buckets = { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros };
  return { ...NO_CREDITS, grantedMicros, ...buckets };
}

export function totalsOfDebt({ incurredMicros, paidMicros }: Omit<Debt, "version">): CreditTotals {
  return { ...NO_CREDITS, incurredMicros, paidMicros };
}

export function addTotals(left: CreditTotals, right: CreditTotals): CreditTotals {
  return {
    grantedMicros: left.grantedMicros + right.grantedMicros,
    freeMicros: left.freeMicros + right.freeMicros,
    heldMicros: left.heldMicros + right.heldMicros,
    consumedMicros: left.consumedMicros + right.consumedMicros,
    expiredMicros: left.expiredMicros + right.expiredMicros,
    voidedMicros: left.voidedMicros + right.voidedMicros,
    incurredMicros: left.incurredMicros + right.incurredMicros,
    paidMicros: left.paidMicros + right.paidMicros,
  };
}

/** What is placed somewhere; it is what was granted. */
export function placedMicros(totals: CreditTotals): bigint {
  const { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros } = totals;
  return freeMicros + heldMicros + consumedMicros + expiredMicros + voidedMicros;
}
