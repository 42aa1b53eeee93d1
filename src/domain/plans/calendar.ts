import { DAY, type Time } from "../time.ts";

/**
 * Places the boundaries of monthly cycles. Each is computed from the anchor and
 * never from the one before, in UTC (R-PLAN-2).
 */
export type Calendar = Readonly<{
  /** When cycle `index` begins, and the one before ends; 0 begins at the anchor, negative ones before. */
  boundary: (anchorTime: Time, index: number) => Time;
}>;

export type Cycle = Readonly<{ startTime: Time; endTime: Time }>;

/** An anchor lies at most ten years back: further back, it is rather a mistake than a subscription. */
const ANCHOR_AGE_MAX = 3_653n * DAY;
/** Further ahead, the cycle around now would be longer than a month away from it. */
const ANCHOR_LEAD_MAX = 31n * DAY;
/** 400 years of the calendar have 146,097 days and 4,800 months. */
const MONTH_MEAN = (146_097n * DAY) / 4_800n;

export function anchorRange(now: Time): Readonly<{ earliest: Time; latest: Time }> {
  return { earliest: now - ANCHOR_AGE_MAX, latest: now + ANCHOR_LEAD_MAX };
}

/** The index of the cycle that a moment is in; a boundary is in the cycle that it begins. */
export function cycleIndexAt(calendar: Calendar, anchorTime: Time, time: Time): number {
  let index = Number((time - anchorTime) / MONTH_MEAN);
  while (calendar.boundary(anchorTime, index) > time) index -= 1;
  while (calendar.boundary(anchorTime, index + 1) <= time) index += 1;
  return index;
}
