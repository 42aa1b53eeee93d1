import type { Time } from "../time.ts";
import { type CalendarSpan, firstStartFrom, startOf } from "./calendar-span.ts";

/** A time range; the end does not belong to it. */
export type TimeRange = Readonly<{ startTime: Time; endTime: Time }>;

/** Whole spans of one length, one after the other. */
export type Stretch = TimeRange & Readonly<{ span: CalendarSpan }>;

/**
 * A time range in the fewest pieces: whole spans, the longest in the middle and
 * shorter ones around them, and what is left at both ends, which are shorter than the
 * shortest span. The pieces neither overlap nor leave a gap.
 */
export type ReadingPlan = Readonly<{ stretches: readonly Stretch[]; ends: readonly TimeRange[] }>;

/** `spans` from the shortest to the longest. */
export function readingPlan(range: TimeRange, spans: readonly CalendarSpan[]): ReadingPlan {
  const stretches: Stretch[] = [];
  const [shortest = "hour"] = spans;
  const whole = wholeSpans(range, shortest);
  if (whole === undefined) return { stretches, ends: nonEmpty([range]) };
  const ends = nonEmpty([
    { startTime: range.startTime, endTime: whole.startTime },
    { startTime: whole.endTime, endTime: range.endTime },
  ]);
  let inner = whole;
  for (const [index, span] of spans.entries()) {
    const longer = spans[index + 1];
    const middle = longer === undefined ? undefined : wholeSpans(inner, longer);
    if (middle === undefined) {
      stretches.push({ span, ...inner });
      break;
    }
    const around = [
      { startTime: inner.startTime, endTime: middle.startTime },
      { startTime: middle.endTime, endTime: inner.endTime },
    ];
    stretches.push(...nonEmpty(around).map((each) => ({ span, ...each })));
    inner = middle;
  }
  return { stretches, ends };
}

/** What of the range is made of whole spans; undefined where not one fits. */
function wholeSpans({ startTime, endTime }: TimeRange, span: CalendarSpan): TimeRange | undefined {
  const whole = { startTime: firstStartFrom(span, startTime), endTime: startOf(span, endTime) };
  return whole.startTime < whole.endTime ? whole : undefined;
}

function nonEmpty(ranges: readonly TimeRange[]): readonly TimeRange[] {
  return ranges.filter(({ startTime, endTime }) => startTime < endTime);
}
