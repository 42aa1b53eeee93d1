import { expect } from "chai";
import { MetricsSum } from "../../src/server/metrics-sum.ts";
import { Histogram } from "../../src/telemetry/histogram.ts";
import type { MetricsState } from "../../src/telemetry/metrics-state.ts";

function counted(values: number): MetricsState {
  const histogram = new Histogram({ name: "calls", help: "", bounds: [1] });
  for (let value = 0; value < values; value += 1) histogram.record("", 1);
  return [histogram.state()];
}

function countOf([calls]: MetricsState): number | undefined {
  return calls?.series[0]?.count;
}

describe("the metrics of all workers", () => {
  it("are those that each tells when it is asked", async () => {
    const sum: MetricsSum = new MetricsSum((worker, question) => sum.told(worker, question, counted(worker)));
    expect(countOf(await sum.gather([1, 2, 3]))).to.equal(6);
    expect(countOf(await sum.gather([1, 2, 3]))).to.equal(6);
  });

  it("keep what a worker told that is gone, beside what the next one in its place tells", async () => {
    let own = 5;
    const sum: MetricsSum = new MetricsSum((worker, question) => sum.told(worker, question, counted(own)));
    await sum.gather([1]);
    sum.left(1);
    own = 2;
    expect(countOf(await sum.gather([]))).to.equal(5);
    expect(countOf(await sum.gather([1]))).to.equal(7);
  });

  it("do not wait for a worker that ends instead of answering", async () => {
    const sum: MetricsSum = new MetricsSum((worker, question) => {
      if (worker === 1) sum.told(worker, question, counted(3));
      else sum.left(worker);
    });
    expect(countOf(await sum.gather([1, 2]))).to.equal(3);
  });

  it("take what a worker told last where it does not answer in time", async () => {
    let answers = true;
    const sum: MetricsSum = new MetricsSum((worker, question) => {
      if (answers || worker === 1) sum.told(worker, question, counted(2));
    });
    await sum.gather([1, 2]);
    answers = false;
    expect(countOf(await sum.gather([1, 2]))).to.equal(4);
  });
});
