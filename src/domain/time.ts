/** A moment, in whole microseconds since 1970-01-01T00:00:00Z, as PostgreSQL keeps it. */
export type Time = bigint;

/** A span of time, in whole microseconds. */
export type Span = bigint;

export const SECOND: Span = 1_000_000n;
export const MINUTE: Span = 60n * SECOND;
export const DAY: Span = 24n * 60n * MINUTE;

export function laterOf(left: Time, right: Time): Time {
  return left > right ? left : right;
}

/** The earlier of two moments, where undefined means never. */
export function earlierOf(left: Time | undefined, right: Time | undefined): Time | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return left < right ? left : right;
}
