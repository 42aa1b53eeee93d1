import { expect } from "chai";
import { Histogram } from "../../src/telemetry/histogram.ts";
import { metricsText, sumOfMetrics } from "../../src/telemetry/metrics-state.ts";

const NAMED = { name: "wait_seconds", help: "How long it was.", bounds: [1, 2] };

function histogram(...values: readonly (readonly [labels: string, value: number])[]) {
  const made = new Histogram(NAMED);
  for (const [labels, value] of values) made.record(labels, value);
  return made.state();
}

describe("the metrics", () => {
  it("are shown as Prometheus reads them, with and without labels", () => {
    expect(
      metricsText([histogram(["", 1], ["", 1.5], ["", 9], ['turn="first"', 2])]).split("\n"),
    ).to.deep.equal([
      "# HELP wait_seconds How long it was.",
      "# TYPE wait_seconds histogram",
      'wait_seconds_bucket{le="1"} 1',
      'wait_seconds_bucket{le="2"} 2',
      'wait_seconds_bucket{le="+Inf"} 3',
      "wait_seconds_sum 11.5",
      "wait_seconds_count 3",
      'wait_seconds_bucket{turn="first",le="1"} 0',
      'wait_seconds_bucket{turn="first",le="2"} 1',
      'wait_seconds_bucket{turn="first",le="+Inf"} 1',
      'wait_seconds_sum{turn="first"} 2',
      'wait_seconds_count{turn="first"} 1',
      "",
    ]);
  });

  it("of several processes are those of one that had counted all", () => {
    const values = [
      ["a", 1],
      ["b", 2],
      ["a", 3],
      ["c", 0.5],
    ] as const;
    const apart = [[histogram(...values.slice(0, 2))], [histogram(...values.slice(2))], []];
    expect(sumOfMetrics(apart)).to.deep.equal([histogram(...values)]);
  });
});
