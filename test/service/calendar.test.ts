import { expect } from "chai";
import { anchorRange, cycleIndexAt } from "../../src/domain/plans/calendar.ts";
import type { Time } from "../../src/domain/time.ts";
import { createCalendar } from "../../src/service/calendar.ts";

const calendar = createCalendar();

function at(text: string): Time {
  return BigInt(Date.parse(text)) * 1_000n;
}

function text(time: Time): string {
  return new Date(Number(time / 1_000n)).toISOString().replace("T00:00:00.000Z", "");
}

/** The first boundaries from index `from` on. */
const ROWS: readonly (readonly [anchor: string, from: number, boundaries: readonly string[]])[] = [
  ["2026-01-31", 0, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]],
  ["2027-12-31", 0, ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]],
  ["2026-01-30", 0, ["2026-01-30", "2026-02-28", "2026-03-30"]],
  ["2028-02-29", 10, ["2028-12-29", "2029-01-29", "2029-02-28", "2029-03-29"]],
  ["2028-02-29", 48, ["2032-02-29"]],
  ["2026-11-01", -2, ["2026-09-01", "2026-10-01", "2026-11-01", "2026-12-01"]],
  ["2026-03-31", -1, ["2026-02-28", "2026-03-31"]],
  ["2024-02-29", -12, ["2023-02-28"]],
  ["1999-12-31", 2, ["2000-02-29"]],
  ["2096-01-31", 49, ["2100-02-28"]],
  ["0001-01-31", 1, ["0001-02-28"]],
  ["2026-01-31", 60_000, ["7026-01-31"]],
];

describe("the calendar", () => {
  for (const [anchor, from, boundaries] of ROWS) {
    it(`R-PLAN-2: from ${anchor}, cycle ${from} on: ${boundaries.join(", ")}`, () => {
      const found = boundaries.map((_, index) => text(calendar.boundary(at(anchor), from + index)));
      expect(found).to.deep.equal(boundaries);
    });
  }

  it("R-PLAN-2: keeps the time of day to the microsecond, whatever the server's time zone", () => {
    const anchorTime = at("2026-03-28T01:30:00Z") + 7n;
    expect(calendar.boundary(anchorTime, 1)).to.equal(at("2026-04-28T01:30:00Z") + 7n);
    expect(calendar.boundary(anchorTime, -5)).to.equal(at("2025-10-28T01:30:00Z") + 7n);
  });

  it("R-PLAN-2: boundaries rise, for every day of a leap year and over ten years", () => {
    for (let day = at("2028-01-01"); day < at("2029-01-01"); day += 86_400_000_000n) {
      let last = calendar.boundary(day, -60);
      for (let index = -59; index <= 60; index += 1) {
        const next = calendar.boundary(day, index);
        const days = (next - last) / 86_400_000_000n;
        expect(days >= 28n && days <= 31n, `${text(day)} ${index}: ${days} days`).to.equal(true);
        last = next;
      }
    }
  });

  it("R-PLAN-2: a boundary is in the cycle that it begins, and a microsecond before it is not", () => {
    for (const anchor of ["2026-01-31", "2028-02-29", "2020-06-15"]) {
      for (let index = -40; index <= 140; index += 1) {
        const boundary = calendar.boundary(at(anchor), index);
        expect(cycleIndexAt(calendar, at(anchor), boundary)).to.equal(index);
        expect(cycleIndexAt(calendar, at(anchor), boundary - 1n)).to.equal(index - 1);
      }
    }
  });

  it("R-PLAN-2: an anchor lies ten years back at most, and a month ahead", () => {
    const { earliest, latest } = anchorRange(at("2026-11-22"));
    expect([text(earliest), text(latest)]).to.deep.equal(["2016-11-21", "2026-12-23"]);
  });
});
