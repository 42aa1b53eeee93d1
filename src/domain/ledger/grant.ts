import { invariant } from "../invariant.ts";
import type { Time } from "../time.ts";

export type GrantKind = "SUBSCRIPTION" | "PROMOTIONAL" | "PURCHASED";
export type GrantState = "ACTIVE" | "SPENT" | "EXPIRED" | "VOIDED";

/** Where a grant's credits are; together they are what was granted (R-GRANT-6). */
export type GrantBuckets = Readonly<{
  freeMicros: bigint;
  heldMicros: bigint;
  consumedMicros: bigint;
  expiredMicros: bigint;
  voidedMicros: bigint;
}>;

/** A lot of credits that entered an organization together. */
export type Grant = GrantBuckets &
  Readonly<{
    grantId: string;
    kind: GrantKind;
    amountMicros: bigint;
    createTime: Time;
    /** From then on only its held part counts (R-GRANT-3). */
    expireTime: Time | undefined;
    reference: string;
    /** The change that made it. */
    version: bigint;
    voided: boolean;
    /** Chosen when it was voided: what is spent of it becomes debt (R-GRANT-5). */
    spentBecomesDebt: boolean;
  }>;

/** A part of a grant. */
export type GrantShare = Readonly<{ grantId: string; amountMicros: bigint }>;

const RANK: Readonly<Record<GrantKind, number>> = { SUBSCRIPTION: 0, PROMOTIONAL: 1, PURCHASED: 2 };

/** R-GRANT-2: by kind, then the earliest expiry (never is last), then the oldest, then by id. */
export function compareSpendOrder(left: Grant, right: Grant): number {
  return (
    RANK[left.kind] - RANK[right.kind] ||
    compareExpiry(left.expireTime, right.expireTime) ||
    compare(left.createTime, right.createTime) ||
    compare(left.grantId, right.grantId)
  );
}

export function isExpired(grant: Grant, now: Time): boolean {
  return grant.expireTime !== undefined && grant.expireTime <= now;
}

/** Whether any of it can still be spent or come back. */
export function isOpen(grant: GrantBuckets): boolean {
  return grant.freeMicros > 0n || grant.heldMicros > 0n;
}

export function grantState(grant: Grant, now: Time): GrantState {
  if (grant.voided) return "VOIDED";
  if (isExpired(grant, now)) return "EXPIRED";
  return isOpen(grant) ? "ACTIVE" : "SPENT";
}

/** What a change that makes a grant says of it. */
export type MadeGrant = Pick<Grant, "grantId" | "kind" | "amountMicros" | "expireTime" | "reference">;

/** A grant before the movements that fill it. */
export function emptyGrant(made: MadeGrant, createTime: Time, version: bigint): Grant {
  const { grantId, kind, amountMicros, expireTime, reference } = made;
  return {
    grantId,
    kind,
    amountMicros,
    freeMicros: 0n,
    heldMicros: 0n,
    consumedMicros: 0n,
    expiredMicros: 0n,
    voidedMicros: 0n,
    createTime,
    expireTime,
    reference,
    version,
    voided: false,
    spentBecomesDebt: false,
  };
}

export function bucketsOf(grant: Grant): GrantBuckets {
  const { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros } = grant;
  return { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros };
}

/** Throws where a grant's credits are not all accounted for. */
export function assertGrant(grant: Grant): void {
  const { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros } = grant;
  const placed = freeMicros + heldMicros + consumedMicros + expiredMicros + voidedMicros;
  invariant(placed === grant.amountMicros, `R-GRANT-6: grant ${grant.grantId} has ${placed} micros placed`);
  const least = [freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros].every((m) => m >= 0n);
  invariant(least, `R-GRANT-6: grant ${grant.grantId} has less than nothing somewhere`);
}

function compareExpiry(left: Time | undefined, right: Time | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  return left < right ? -1 : 1;
}

function compare<T extends bigint | string>(left: T, right: T): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
