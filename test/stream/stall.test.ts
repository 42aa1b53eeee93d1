import { expect } from "chai";
import { endingWhenStalled } from "../../src/stream/stall.ts";
import { until } from "../service/support/until.ts";

describe("a stream that nobody reads", () => {
  async function* numbers(): AsyncGenerator<number> {
    yield* [1, 2, 3];
  }

  it("lets go of what it holds, and says so to whoever reads on", async () => {
    let stalls = 0;
    const onStall = () => {
      stalls += 1;
    };
    const stream = endingWhenStalled(numbers(), { stalledMs: 1, onStall, error: () => new Error("stalled") });
    expect((await stream.next()).value).to.equal(1);
    await until(() => stalls === 1);
    expect(await stream.next().catch((error: Error) => error.message)).to.equal("stalled");
    expect(stalls).to.equal(1);
  });

  it("goes through to its end where it is read, and leaves no timer", async () => {
    const onStall = () => {
      throw new Error("it was read");
    };
    const stream = endingWhenStalled(numbers(), {
      stalledMs: 60_000,
      onStall,
      error: () => new Error("stalled"),
    });
    const read: number[] = [];
    for await (const each of stream) read.push(each);
    expect(read).to.deep.equal([1, 2, 3]);
  });
});
