import type { Grant } from "../ledger/grant.ts";
import type { Time } from "../time.ts";

/** What the last billing cycle that began was granted, upgrades in it included. */
export type CycleGrant = Readonly<{ endTime: Time; amountMicros: bigint }>;

/**
 * What shares are shares of, after these grants were made too. The grants of one
 * cycle expire together, at its end (R-GRANT-1). Once it has ended or was voided
 * it remains the measure until the next one: that is when the credits run out.
 */
export function cycleGrantAfter(
  cycle: CycleGrant | undefined,
  grants: Iterable<Grant>,
): CycleGrant | undefined {
  let current = cycle;
  for (const { kind, expireTime, amountMicros } of grants) {
    if (kind !== "SUBSCRIPTION" || expireTime === undefined) continue;
    if (current === undefined || expireTime > current.endTime)
      current = { endTime: expireTime, amountMicros };
    else if (expireTime === current.endTime) {
      current = { endTime: expireTime, amountMicros: current.amountMicros + amountMicros };
    }
  }
  return current;
}
