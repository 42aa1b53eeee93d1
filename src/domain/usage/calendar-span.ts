import { DAY, MINUTE, type Span, type Time } from "../time.ts";

/** Spans of the calendar, in UTC, that usage is summed by. */
export type CalendarSpan = "hour" | "day" | "month";

const HOUR: Span = 60n * MINUTE;
const MILLISECOND: Span = 1_000n;

/** The beginning of the span that a moment is in. */
export function startOf(span: CalendarSpan, time: Time): Time {
  if (span === "hour") return floor(time, HOUR);
  return span === "day" ? floor(time, DAY) : monthAround(time, 0);
}

/** The beginning of the span after the one that begins then. */
export function endOf(span: CalendarSpan, startTime: Time): Time {
  return firstStartFrom(span, startTime + 1n);
}

/** The first beginning of a span at or after a moment. */
export function firstStartFrom(span: CalendarSpan, time: Time): Time {
  const start = startOf(span, time);
  if (start === time) return start;
  if (span === "hour") return start + HOUR;
  return span === "day" ? start + DAY : monthAround(time, 1);
}

function monthAround(time: Time, months: number): Time {
  const date = new Date(Number(floor(time, MILLISECOND) / MILLISECOND));
  // Its own constructor would read years below 100 as of the twentieth century.
  const first = new Date(0);
  first.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  return BigInt(first.getTime()) * MILLISECOND;
}

function floor(time: Time, unit: Span): Time {
  const rest = time % unit;
  return rest < 0n ? time - rest - unit : time - rest;
}
