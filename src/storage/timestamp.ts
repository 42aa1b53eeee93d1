import type { Time } from "../domain/time.ts";

const MICROS_PER_MILLI = 1000n;

const MICROS_PER_SECOND = 1_000_000n;

let last: Readonly<{ time: Time; text: string }> = { time: 0n, text: textOf(0n) };

/**
 * A time as PostgreSQL writes it in a session whose time zone is UTC: `2026-11-22 09:28:00.123456+00`, trailing zeros
 * of the fraction left out. So equal times are equal texts. All rows of a batch have the same times, so the last is kept.
 */
export function toRowTime(time: Time): string {
  if (time !== last.time) last = { time, text: textOf(time) };
  return last.text;
}

function textOf(time: Time): string {
  const seconds = floorDivide(time, MICROS_PER_SECOND);
  const iso = new Date(Number(seconds) * 1_000).toISOString();
  const fraction = String(time - seconds * MICROS_PER_SECOND).padStart(6, "0");
  const point = fraction === "000000" ? "" : `.${fraction.replace(/0+$/, "")}`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${point}+00`;
}

/** The same way back; whatever is written otherwise could be misread, and is refused. */
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
