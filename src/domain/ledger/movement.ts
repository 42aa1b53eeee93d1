import { invariant } from "../invariant.ts";
import type { Balance } from "./account.ts";
import type { Grant, GrantBuckets, GrantKind } from "./grant.ts";
import type { CreditState, Movement } from "./transaction.ts";

const BUCKET: Readonly<Record<CreditState, keyof GrantBuckets | undefined>> = {
  OUTSIDE: undefined,
  FREE: "freeMicros",
  HELD: "heldMicros",
  CONSUMED: "consumedMicros",
  EXPIRED: "expiredMicros",
  VOIDED: "voidedMicros",
  // For the grant that pays it, paying debt is consumption (R-GRANT-6).
  DEBT: "consumedMicros",
};

/** Where credits can go from where they are. */
const WAYS: Readonly<Record<CreditState, readonly CreditState[]>> = {
  OUTSIDE: ["FREE"],
  FREE: ["HELD", "CONSUMED", "EXPIRED", "VOIDED", "DEBT"],
  HELD: ["FREE", "CONSUMED", "EXPIRED", "VOIDED"],
  // By a refund alone.
  CONSUMED: ["FREE", "EXPIRED", "VOIDED", "DEBT"],
  EXPIRED: [],
  // By resuming a suspended subscription alone.
  VOIDED: ["FREE"],
  DEBT: ["CONSUMED", "VOIDED"],
};

const KIND_TOTAL = {
  SUBSCRIPTION: "subscriptionMicros",
  PROMOTIONAL: "promotionalMicros",
  PURCHASED: "purchasedMicros",
} as const satisfies Record<GrantKind, keyof Balance>;

/**
 * Throws where credits can't have moved so: debt arises without a grant, and work
 * that debt stood for is undone without one; only what lowers debt names it.
 */
export function assertMovement({ grantId, from, to, amountMicros, debtVersion }: Movement): void {
  invariant(amountMicros > 0n, "R-HIST-2: a movement of nothing or less");
  invariant(WAYS[from].includes(to), `R-GRANT-6: credits that go from ${from} to ${to}`);
  invariant(
    grantId === undefined ? from === "DEBT" || isUndoneDebt(from, to) : from !== "DEBT",
    `R-GRANT-6: ${from} to ${to} of no grant, or of one`,
  );
  invariant((debtVersion !== undefined) === (to === "DEBT"), `R-GRANT-7: ${from} to ${to} that pays no debt`);
}

export function applyMovementToGrant(grant: Grant, movement: Movement): Grant {
  return applyMovementToBuckets(grant, movement);
}

/** Of one grant, or of all grants together. */
export function applyMovementToBuckets<Buckets extends GrantBuckets>(
  buckets: Buckets,
  { from, to, amountMicros }: Movement,
): Buckets {
  const source = BUCKET[from];
  const target = BUCKET[to];
  const taken = source === undefined ? buckets : { ...buckets, [source]: buckets[source] - amountMicros };
  return target === undefined ? taken : { ...taken, [target]: taken[target] + amountMicros };
}

export function applyMovementToBalance(
  balance: Balance,
  kind: GrantKind | undefined,
  { from, to, amountMicros }: Movement,
): Balance {
  const after = { ...balance };
  if (kind !== undefined) after[KIND_TOTAL[kind]] += amountMicros * difference(from, to, isOwned);
  after.reservedMicros += amountMicros * difference(from, to, (state) => state === "HELD");
  after.debtMicros -= amountMicros * difference(from, to, (state) => state === "DEBT");
  return after;
}

/** A refund of work that no grant paid for when it was charged. */
function isUndoneDebt(from: CreditState, to: CreditState): boolean {
  return from === "CONSUMED" && (to === "DEBT" || to === "VOIDED");
}

/** Credits not yet spent, held ones included. */
function isOwned(state: CreditState): boolean {
  return state === "FREE" || state === "HELD";
}

function difference(from: CreditState, to: CreditState, counts: (state: CreditState) => boolean): bigint {
  return BigInt(counts(to)) - BigInt(counts(from));
}
