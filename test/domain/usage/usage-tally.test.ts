import { expect } from "chai";
import fc from "fast-check";
import { DAY, SECOND, type Time } from "../../../src/domain/time.ts";
import { startOf } from "../../../src/domain/usage/calendar-span.ts";
import { SUMMARIES, spansFor, summaryFor, type UsageKey } from "../../../src/domain/usage/summary.ts";
import {
  addUsage,
  averageMicros,
  NO_USAGE,
  type UsageEntry,
  type UsageSums,
  usageOf,
} from "../../../src/domain/usage/usage.ts";
import { rowName, type SummaryRow, UsageTally } from "../../../src/domain/usage/usage-tally.ts";
import { PlanBook } from "../support/plan-book.ts";

const START: Time = 1_790_000_000_000_000n;
const id = fc.constantFrom("", "a", "b");
const anyEntry = fc.record({
  after: fc.bigInt({ min: 0n, max: 3n * DAY }),
  keys: fc.record({ runId: id, agentId: id, modelId: id, workspaceId: id, memberId: id }),
  micros: fc.bigInt({ min: 0n, max: 10n ** 15n }),
  kind: fc.constantFrom("charge", "late", "refund"),
});

/** In the order of their times, as transactions are. */
const anyHistory = fc.array(anyEntry, { maxLength: 60 }).map((drawn) => {
  let time = START;
  return drawn.map(({ after, keys, micros, kind }): UsageEntry => {
    time += after;
    if (kind === "refund") return { time, keys, sums: { ...NO_USAGE, refundedMicros: micros } };
    const lateCalls = kind === "late" ? 1n : 0n;
    return { time, keys, sums: { ...NO_USAGE, calls: 1n, lateCalls, settledMicros: micros } };
  });
});

describe("R-HIST-3: what is summed up", () => {
  it("in pieces is what it is at once", () => {
    fc.assert(
      fc.property(anyHistory, fc.array(fc.nat({ max: 60 }), { maxLength: 4 }), (history, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, history.length)), history.length].sort(
          (left, right) => left - right,
        );
        const pieces = places.slice(1).map((end, index) => tallied(history.slice(places[index], end)));
        expect(merged(pieces)).to.deep.equal(tallied(history));
      }),
    );
  });

  it("has the same total by every summary and every span", () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const total = history.map(({ sums }) => sums).reduce(addUsage, NO_USAGE);
        const byTable = new Map<string, UsageSums>();
        for (const [name, sums] of tallied(history)) {
          const table = name.split(" ").slice(0, 2).join(" ");
          byTable.set(table, addUsage(byTable.get(table) ?? NO_USAGE, sums));
        }
        const tables = SUMMARIES.flatMap(({ spans }) => spans).length;
        expect([...byTable.values()]).to.deep.equal(history.length === 0 ? [] : Array(tables).fill(total));
      }),
    );
  });

  it("is closed span by span, so that no more than an hour, a day and a month is held", () => {
    const keys = { runId: "", agentId: "", modelId: "", workspaceId: "", memberId: "" };
    const tally = new UsageTally();
    const hours = Array.from({ length: 48 }, (_, hour) => START + BigInt(hour) * (DAY / 24n));
    const closed = hours.flatMap((time) => tally.add({ time, keys, sums: NO_USAGE }));
    expect(closed.filter(({ span }) => span === "hour")).to.have.length(47);
    expect(closed.filter(({ span }) => span === "day")).to.have.length(2);
    const open = tally.finish().map(({ span, startTime }) => [span, startTime]);
    const last = hours.at(-1) ?? 0n;
    expect(open).to.deep.equal([
      ["hour", startOf("hour", last)],
      ["day", startOf("day", last)],
      ["month", startOf("month", last)],
    ]);
  });

  it("comes in parts where it is too much for memory, which add up to the whole", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 1, max: 9 }), (history, rowsMax) => {
        const tally = new UsageTally({ rowsMax });
        const parts = [...history.flatMap((entry) => tally.add(entry)), ...tally.finish()];
        // An entry is in one row of each summary, and all of them are added before anything is handed on.
        for (const { rows } of parts) expect(rows.size).to.be.below(rowsMax + SUMMARIES.length);
        expect(merged(parts.map(({ rows }) => namedSums(rows.values())))).to.deep.equal(tallied(history));
      }),
    );
  });

  it("can be summed up some names at a time", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 1, max: 4 }), (history, passes) => {
        const pieces = Array.from({ length: passes }, (_, pass) =>
          tallied(history, new UsageTally({ has: (name) => name.length % passes === pass })),
        );
        expect(merged(pieces)).to.deep.equal(tallied(history));
      }),
    );
  });

  it("is what was charged and refunded, whatever else happened", () => {
    const book = new PlanBook();
    book.grant("PURCHASED", 9, "p");
    book.reserve("settled", 4);
    book.reserve("released", 1);
    book.reserve("expired", 2, SECOND);
    book.settle("settled", 3);
    book.release("released");
    book.wait(SECOND);
    book.settle("expired", 2);
    book.charge("c", 1);
    book.refund("settled", 2);
    const used = book.transactions.map(usageOf).filter((entry) => entry !== undefined);
    const sums = used.map((entry) => entry.sums).reduce(addUsage, NO_USAGE);
    expect(sums).to.deep.equal({
      calls: 3n,
      lateCalls: 1n,
      settledMicros: 6_000_000n,
      refundedMicros: 2_000_000n,
    });
  });
});

describe("the smallest summary", () => {
  for (const [keys, byHour, byMonth] of [
    [[], 0, 0],
    [["agentId"], 1, 1],
    [["modelId", "agentId"], 5, 2],
    [["memberId", "agentId"], 5, undefined],
    [["runId"], 5, undefined],
  ] as const) {
    it(`for ${keys.join(" and ") || "no keys"} has ${byHour} by hour and ${byMonth ?? "none"} by month`, () => {
      const asked = new Set<UsageKey>(keys);
      expect(summaryFor(asked, "hour")?.keys).to.have.length(byHour);
      expect(summaryFor(asked, "month")?.keys.length).to.equal(byMonth);
      expect(spansFor(asked)).to.deep.equal(byMonth === undefined ? ["hour"] : ["hour", "day", "month"]);
    });
  }
});

describe("the average per call", () => {
  for (const [calls, settledMicros, refundedMicros, expected] of [
    [0n, 0n, 5n, undefined],
    [3n, 10n, 0n, 3n],
    [2n, 5n, 0n, 3n],
    [2n, 0n, 5n, -3n],
    [4n, 1n, 0n, 0n],
    [1n, 7n, 7n, 0n],
  ] as const) {
    it(`of ${calls} calls that cost ${settledMicros} less ${refundedMicros} is ${expected}`, () => {
      expect(averageMicros({ calls, lateCalls: 0n, settledMicros, refundedMicros })).to.equal(expected);
    });
  }
});

type Rows = ReadonlyMap<string, UsageSums>;

function tallied(history: readonly UsageEntry[], tally = new UsageTally()): Rows {
  const closed = [...history.flatMap((entry) => tally.add(entry)), ...tally.finish()];
  return namedSums(closed.flatMap((each) => [...each.rows.values()]));
}

function namedSums(rows: Iterable<SummaryRow>): Rows {
  return sorted([...rows].map((row) => [rowName(row), row.sums] as const));
}

function merged(pieces: readonly Rows[]): Rows {
  const sums = new Map<string, UsageSums>();
  for (const piece of pieces)
    for (const [name, each] of piece) sums.set(name, addUsage(sums.get(name) ?? NO_USAGE, each));
  return sorted([...sums]);
}

function sorted(rows: readonly (readonly [string, UsageSums])[]): Rows {
  return new Map([...rows].sort(([left], [right]) => (left < right ? -1 : 1)));
}
