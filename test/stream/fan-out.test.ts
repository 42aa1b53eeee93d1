import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { Allowance } from "../../src/stream/allowance.ts";
import { FanOut } from "../../src/stream/fan-out.ts";
import { StreamLimit } from "../../src/stream/stream-limit.ts";
import { Topic } from "../../src/stream/topic.ts";
import { Watcher } from "../../src/stream/watcher.ts";
import { until } from "../service/support/until.ts";
import { type Reader, StreamRig } from "./stream-rig.ts";

describe("R-WATCH-4: many watchers", () => {
  it("are told at once after a quiet time, and in their turns", async () => {
    const fanOut = new FanOut(new Allowance(1, () => 1_000));
    const told: number[] = [];
    const began = performance.now();
    for (let index = 0; index < 1_000; index += 1) fanOut.add({ deliver: () => told.push(index) });
    await until(() => told.length === 1_000);
    expect(told).to.deep.equal(told.toSorted((left, right) => left - right));
    expect(performance.now() - began).to.be.below(500);
  });

  it("are told so many a second under endless changes, so that the work goes on beside them", async () => {
    const fanOut = new FanOut(new Allowance(200, () => 200));
    let told = 0;
    const again = {
      deliver: () => {
        told += 1;
      },
    };
    const began = performance.now();
    await until(() => {
      fanOut.add(again);
      return told >= 20;
    });
    for (let index = 0; index < 260; index += 1) fanOut.add({ deliver: again.deliver });
    await until(() => told >= 280);
    // 200 at once, and the rest at 200 a second.
    expect(performance.now() - began).to.be.above(300);
  });

  it("get the newest state each, and leave nothing behind", async () => {
    const rig = new StreamRig();
    rig.source.commit("acme");
    const readers = Array.from({ length: 2_000 }, () => rig.balance());
    await Promise.all(readers.map(({ read }) => read()));
    for (let change = 0; change < 50; change += 1) rig.source.commit("acme");
    const told = await Promise.all(readers.map(({ read }) => read()));
    expect(new Set(told)).to.deep.equal(new Set(["changed 51"]));
    for (const { leave } of readers) leave();
    expect(rig.hub.watchers).to.equal(0);
    await rig.stop();
  });

  it("are all told of one change at once, however many there are, and in turns of what follows it", async () => {
    const rig = new StreamRig({ messagesPerSecondMax: 1_000 });
    const crowd = new Crowd(rig, 1_500);
    await crowd.told("snapshot 1 FRESH");
    // 1,000 may be told at once from the start, and the others half a second later.
    await delay(600);
    expect(await crowd.timeOf("changed 2")).to.be.below(500);
    expect(await crowd.timeOf("changed 3")).to.be.above(1_000);
    await rig.stop();
  });

  it("are all told of one change at once just after heartbeats, too", async () => {
    const rig = new StreamRig({ messagesPerSecondMax: 1_000 });
    const crowd = new Crowd(rig, 1_500, 2_000);
    await crowd.told("snapshot 1 FRESH");
    // All are due after two seconds, which would use up all of it; 500 a second are left to grow.
    await delay(2_600);
    expect(await crowd.timeOf("changed 2")).to.be.below(500);
    await rig.stop();
  });

  for (const { heartbeatMs, afterMs, told } of [
    { heartbeatMs: 15_000, afterMs: 15_100, told: false },
    { heartbeatMs: 15_000, afterMs: 21_600, told: true },
    { heartbeatMs: 1_000, afterMs: 1_100, told: true },
  ]) {
    const what = told ? "are told that nothing is new" : "wait for that";
    it(`${what}, with heartbeats each ${heartbeatMs} ms after ${afterMs}, where too many are due`, async () => {
      const topic = new Topic<bigint>(new FanOut(new Allowance(1_000, () => 1_000)), () => true);
      const { signal } = new AbortController();
      const watcher = new Watcher(topic, { isNews: () => true, heartbeatMs, signal }, () => undefined);
      let woken = false;
      watcher.next().then(() => {
        woken = true;
      });
      const heartbeats = { allowance: new Allowance(0, () => 0), everyMs: 1_000 };
      topic.compared(0n, performance.now() + afterMs, heartbeats);
      await delay(20);
      expect(woken).to.equal(told);
    });
  }

  it("are no more than a connection and a server may have; who leaves makes room", () => {
    const limit = new StreamLimit({ streamsMax: 3, streamsPerConnectionMax: 2 });
    const signal = new AbortController().signal;
    const aborted = new AbortController();
    const leave = limit.enter("a", signal);
    limit.enter("a", aborted.signal);
    expect(() => limit.enter("a", signal)).to.throw("the connection has 2 streams already");
    limit.enter("b", signal);
    expect(() => limit.enter("c", signal)).to.throw("the server has 3 streams already");
    leave();
    leave();
    aborted.abort();
    expect(limit.streams).to.equal(1);
    limit.enter("a", signal);
    limit.enter("a", signal);
  });
});

/** Many who read the balance of one organization on and on. */
class Crowd {
  readonly #rig: StreamRig;
  readonly #size: number;
  /** How many times a line was read. */
  readonly #read = new Map<string, number>();

  constructor(rig: StreamRig, size: number, heartbeatMs = 3_600_000) {
    this.#rig = rig;
    this.#size = size;
    rig.source.commit("acme");
    for (let left = size; left > 0; left -= 1) this.#readOn(rig.balance({ heartbeatMs }));
  }

  /** Resolves once all have read it. */
  told(line: string): Promise<void> {
    return until(() => this.#read.get(line) === this.#size);
  }

  /** Makes a change, and resolves to how long it took until all knew of it. */
  async timeOf(line: string): Promise<number> {
    const began = performance.now();
    this.#rig.source.commit("acme");
    await this.told(line);
    return performance.now() - began;
  }

  async #readOn({ read }: Reader): Promise<void> {
    try {
      for (;;) {
        const line = await read();
        this.#read.set(line, (this.#read.get(line) ?? 0) + 1);
      }
    } catch {
      // The test is over.
    }
  }
}
