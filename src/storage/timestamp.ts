import type { Time } from "../domain/time.ts";

const MICROS_PER_MILLI = 1000n;

let last: Readonly<{ time: Time; text: string }> = { time: 0n, text: "1970-01-01T00:00:00.000000Z" };

/** A time as PostgreSQL reads it, to the microsecond. All rows of a batch have the same times, so the last is kept. */
export function toRowTime(time: Time): string {
  if (time !== last.time) last = { time, text: textOf(time) };
  return last.text;
}

function textOf(time: Time): string {
  const millis = floorDivide(time, MICROS_PER_MILLI);
  const micros = time - millis * MICROS_PER_MILLI;
  const iso = new Date(Number(millis)).toISOString();
  return `${iso.slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}

/**
 * A `timestamptz` as PostgreSQL writes it in a session whose time zone is UTC:
 * `2026-11-22 09:28:00.123456+00`, trailing zeros of the fraction left out.
 */
export function fromRowTime(text: string): Time {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (!match) throw new Error(`not a UTC timestamp: ${text}`);
  const [, date, clock, fraction = ""] = match;
  return BigInt(Date.parse(`${date}T${clock}Z`)) * MICROS_PER_MILLI + BigInt(fraction.padEnd(6, "0"));
}

export function toRowTimeOrNull(time: Time | undefined): string | null {
  return time === undefined ? null : toRowTime(time);
}

export function fromRowTimeOrNull(text: string | null): Time | undefined {
  return text === null ? undefined : fromRowTime(text);
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}
