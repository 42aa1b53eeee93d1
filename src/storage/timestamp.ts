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

/** The day that was read last, in milliseconds: rows that are read together are mostly of one day. */
let lastDay: Readonly<{ text: string; millis: number }> = { text: "1970-01-01", millis: 0 };
/** And the time: most changes are recorded in the moment in which they take effect. */
let lastRead: Readonly<{ text: string; time: Time }> = { text: "1970-01-01 00:00:00+00", time: 0n };

/** The same way back; whatever is written otherwise could be misread, and is refused. */
export function fromRowTime(text: string): Time {
  if (text !== lastRead.text) lastRead = { text, time: timeOf(text) };
  return lastRead.time;
}

function timeOf(text: string): Time {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?\+00$/.test(text))
    throw new Error(`not a UTC timestamp: ${text}`);
  const day = text.slice(0, 10);
  if (day !== lastDay.text) lastDay = { text: day, millis: Date.parse(`${day}T00:00:00Z`) };
  const clock =
    (Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))) * 60 + Number(text.slice(17, 19));
  const micros = text.slice(20, -3).padEnd(6, "0");
  return BigInt(lastDay.millis + clock * 1_000) * MICROS_PER_MILLI + BigInt(micros);
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
