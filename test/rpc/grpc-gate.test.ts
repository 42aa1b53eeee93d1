import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { setImmediate } from "node:timers/promises";
import type { Server } from "@grpc/grpc-js";
import { expect } from "chai";
import { GateKeeper } from "../../src/rpc/gate-keeper.ts";
import { gateCalls } from "../../src/rpc/grpc-gate.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";

describe("calls that come at once", () => {
  type Call = EventEmitter & { number: number; destroyed: boolean; readableEnded: boolean };

  const gated = (taken: number[]): { come: (number: number, state?: Partial<Call>) => Call } => {
    const grpc = {
      _streamHandler: (_interceptors: unknown, stream: ServerHttp2Stream, _headers: IncomingHttpHeaders) => {
        const call = stream as unknown as Call;
        taken.push(call.number);
        call.once("end", () => taken.push(-call.number));
      },
    };
    gateCalls(grpc as unknown as Server, openKeeper());
    const come = (number: number, state: Partial<Call> = {}): Call => {
      const open = { number, destroyed: false, readableEnded: false };
      const call = Object.assign(new EventEmitter(), open, state);
      grpc._streamHandler([], call as unknown as ServerHttp2Stream, {});
      return call;
    };
    return { come };
  };

  it("are begun in their order, in turns of their own", async () => {
    const taken: number[] = [];
    const { come } = gated(taken);
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    const since = performance.now();
    for (const number of numbers) come(number);
    expect(taken).to.be.empty;
    await setImmediate();
    // Ten for each millisecond that a turn takes, where it takes long.
    expect(taken).to.have.lengthOf.within(16, Math.max(16, Math.ceil((performance.now() - since) * 10)));
    while (taken.length < 60) await setImmediate();
    expect(taken).to.deep.equal(numbers);
  });

  it("are begun at once where there are too many to be put off", () => {
    const taken: number[] = [];
    const { come } = gated(taken);
    for (let number = 1; number <= 70; number += 1) come(number);
    expect(taken).to.have.lengthOf(64);
  });

  it("are not begun once their callers have left, whose errors end nothing", async () => {
    const taken: number[] = [];
    const { come } = gated(taken);
    const left = come(1);
    come(2);
    left.destroyed = true;
    left.emit("error", new Error("left"));
    while (taken.length === 0) await setImmediate();
    expect(taken).to.deep.equal([2]);
  });

  it("hear of their end where it came before they were begun", async () => {
    const taken: number[] = [];
    const { come } = gated(taken);
    come(1, { readableEnded: true });
    come(2);
    while (taken.length < 3) await setImmediate();
    expect(taken).to.deep.equal([1, -1, 2]);
  });
});

/** Refuses nobody. */
function openKeeper(): GateKeeper {
  const gauge = { mayRefuse: () => false, refuses: () => false };
  return new GateKeeper({ routes: [], gauge, telemetry: new Telemetry("silent") });
}
