import { expect } from "chai";
import fc from "fast-check";
import { DAY, MINUTE, type Time } from "../../../src/domain/time.ts";
import { type CalendarSpan, firstStartFrom, startOf } from "../../../src/domain/usage/calendar-span.ts";
import { readingPlan } from "../../../src/domain/usage/reading-plan.ts";

const SPANS: readonly CalendarSpan[] = ["hour", "day", "month"];
const at = (text: string): Time => BigInt(Date.parse(text)) * 1_000n;
/** From 1969 to 2072, to the microsecond, or at a whole hour. */
const anyTime = fc
  .tuple(fc.bigInt({ min: -31_536_000_000_000n, max: 3_218_000_000_000_000n }), fc.boolean())
  .map(([time, whole]) => (whole ? startOf("hour", time) : time));

describe("spans of the calendar", () => {
  it("begin where the calendar says, in UTC, before 1970 too", () => {
    const time = at("2028-02-29T13:14:15Z");
    expect(startOf("hour", time)).to.equal(at("2028-02-29T13:00:00Z"));
    expect(startOf("day", time)).to.equal(at("2028-02-29T00:00:00Z"));
    expect(startOf("month", time)).to.equal(at("2028-02-01T00:00:00Z"));
    expect(firstStartFrom("month", time)).to.equal(at("2028-03-01T00:00:00Z"));
    expect(firstStartFrom("month", at("2027-12-01T00:00:00Z"))).to.equal(at("2027-12-01T00:00:00Z"));
    expect(startOf("day", at("1969-12-31T23:00:00Z"))).to.equal(at("1969-12-31T00:00:00Z"));
    expect(startOf("month", at("0099-05-05T00:00:00Z"))).to.equal(at("0099-05-01T00:00:00Z"));
  });
});

describe("the plan to read a time range by", () => {
  it("R-HIST-3: covers the range exactly, by whole spans and two ends shorter than the shortest", () => {
    fc.assert(
      fc.property(anyTime, fc.bigInt({ min: 1n, max: 900n * DAY }), fc.integer({ min: 1, max: 3 }), covers),
    );
  });

  it("takes twelve months of a year that begins somewhere, and no more than the days and hours around them", () => {
    const startTime = at("2025-11-24T11:08:00Z");
    const { stretches, ends } = readingPlan({ startTime, endTime: at("2026-11-24T11:08:00Z") }, SPANS);
    const count = (span: CalendarSpan) => stretches.filter((stretch) => stretch.span === span).length;
    expect([count("hour"), count("day"), count("month"), ends.length]).to.deep.equal([2, 2, 1, 2]);
  });

  function covers(startTime: Time, length: bigint, spansUsed: number): void {
    const range = { startTime, endTime: startTime + length };
    const spans = SPANS.slice(0, spansUsed);
    const { stretches, ends } = readingPlan(range, spans);
    const pieces = [...stretches, ...ends].sort((left, right) => (left.startTime < right.startTime ? -1 : 1));
    expect(pieces[0]?.startTime).to.equal(range.startTime);
    expect(pieces.at(-1)?.endTime).to.equal(range.endTime);
    for (const [index, piece] of pieces.entries()) {
      const next = pieces[index + 1];
      if (next !== undefined) expect(next.startTime).to.equal(piece.endTime);
    }
    for (const { span, startTime: start, endTime } of stretches) {
      expect([startOf(span, start), startOf(span, endTime)]).to.deep.equal([start, endTime]);
    }
    const whole = stretches.length > 0;
    for (const end of whole ? ends : []) expect(end.endTime - end.startTime < 60n * MINUTE).to.equal(true);
  }
});
