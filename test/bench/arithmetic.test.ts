import { expect } from "chai";
import { parseMachineStat, parseStat } from "../../bench/cpu-time.ts";
import { comparison, figureOf, type Sample } from "../../bench/figure.ts";
import { Latencies, median } from "../../bench/load/latencies.ts";
import { Meter } from "../../bench/meter.ts";
import { verdictOf } from "../../bench/report.ts";

const UNKNOWN = { loadMicros: undefined, medianMs: undefined, p99Ms: undefined, othersShare: undefined };

function sample(perSecond: number, serverMicros: number, postgresMicros?: number): Sample {
  return { ...UNKNOWN, perSecond, serverMicros, postgresMicros };
}

describe("the arithmetic of the benchmarks", () => {
  it("takes the middle of odd and of even numbers of values", () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
  });

  it("gives the quantiles of what was measured, the largest value included", () => {
    const latencies = new Latencies();
    for (let ms = 100; ms >= 1; ms -= 1) latencies.add(ms);
    expect([0, 0.5, 0.99, 1].map((share) => latencies.quantile(share))).to.deep.equal([1, 50, 99, 100]);
  });

  it("compares within each round, so that a round in which all was slow changes nothing", () => {
    const own = figureOf("own", "calls/s", [sample(200, 100, 50), sample(20, 100, 50), sample(220, 100, 50)]);
    const other = figureOf("other", "calls/s", [sample(100, 300), sample(10, 300), sample(100, 300)]);
    expect(comparison(own, other)).to.deep.equal({ unit: "x", value: 2, byCpu: 2 });
  });

  it("leaves out what a run could not measure", () => {
    const { middle } = figureOf("own", "calls/s", [sample(1, 10), sample(2, 20, 7), sample(3, 30)]);
    expect(middle.postgresMicros).to.equal(7);
    expect(middle.p99Ms).to.equal(undefined);
  });

  it("divides CPU by all calls that it was spent on, counted or not", () => {
    const meter = new Meter({ postgresCpuMs: () => undefined }, undefined);
    const outcome = { calls: 5, callsInAll: 8, elapsedMs: 1_000, medianMs: 1, p99Ms: 1 };
    const { perSecond, loadMicros } = meter.read(outcome, 16);
    expect({ perSecond, loadMicros }).to.deep.equal({ perSecond: 5, loadMicros: 2_000 });
    const { callsInAll: _, ...allCounted } = outcome;
    expect(meter.read(allCounted, 16).loadMicros).to.equal(3_200);
  });

  it("judges a ratio by being large and a time by being small", () => {
    const ratio = { unit: "x", least: 0.35, aim: 0.5 } as const;
    expect([0.34, 0.35, 0.5].map((value) => verdictOf({ ...ratio, value }))).to.deep.equal([
      "missed",
      "met",
      "aim reached",
    ]);
    expect(verdictOf({ unit: "us", least: 50, aim: 10, value: 51 })).to.equal("missed");
    expect(verdictOf({ unit: "x", value: 1 })).to.equal("");
  });

  it("reads the CPU of a process whose name holds spaces and parentheses", () => {
    const stat = "7 (postgres: a) b) S 5 7 7 0 -1 0 0 0 0 0 11 12 13 14 20 0 1 0 1 1 1";
    expect(parseStat(stat)).to.deep.equal({ parent: 5, ownMs: 230, endedChildrenMs: 270 });
  });

  it("counts what a hypervisor took as busy, and waiting for a disk as idle", () => {
    const stat = "cpu  10 1 2 50 5 1 1 30 99 99\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
    expect(parseMachineStat(stat)).to.deep.equal({ busyMs: 450, allMs: 1_000 });
  });
});
