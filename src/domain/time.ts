/** A moment, in whole microseconds since 1970-01-01T00:00:00Z, as PostgreSQL keeps it. */
export type Time = bigint;

/** A span of time, in whole microseconds. */
export type Span = bigint;

export const SECOND: Span = 1_000_000n;
export const MINUTE: Span = 60n * SECOND;
export const DAY: Span = 24n * 60n * MINUTE;

/** From year 1 to year 9999: what a Timestamp of Protobuf may hold, and what is read back from a row. */
export const TIME_MIN: Time = -62_135_596_800n * SECOND;
export const TIME_MAX: Time = 253_402_300_800n * SECOND - 1n;

export function laterOf(left: Time, right: Time): Time {
  return left > right ? left : right;
}

/** The earlier of two moments, where undefined means never. */
export function earlierOf(left: Time | undefined, right: Time | undefined): Time | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return left < right ? left : right;
}
