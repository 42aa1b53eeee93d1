import { Temporal } from "temporal-polyfill";
import type { Calendar } from "../domain/plans/calendar.ts";
import type { Time } from "../domain/time.ts";

const NANOS_PER_MICRO = 1_000n;
/** So many boundaries are kept: the next one is asked for far more often than it changes. */
const REMEMBERED_MAX = 10_000;

/**
 * The Gregorian calendar in UTC (R-PLAN-2): whole months after the anchor, on its
 * day and at its time of day; in months without that day, on their last one.
 */
export function createCalendar(): Calendar {
  const remembered = new Map<string, Time>();
  const boundary = (anchorTime: Time, index: number): Time => {
    const key = `${anchorTime} ${index}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    const time = monthsAfter(anchorTime, index);
    remembered.set(key, time);
    return time;
  };
  return { boundary };
}

function monthsAfter(anchorTime: Time, months: number): Time {
  const anchor = Temporal.Instant.fromEpochNanoseconds(anchorTime * NANOS_PER_MICRO);
  const moved = anchor.toZonedDateTimeISO("UTC").add({ months }, { overflow: "constrain" });
  return moved.epochNanoseconds / NANOS_PER_MICRO;
}
