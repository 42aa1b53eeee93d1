import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "chai";
import {
  type WatchAlertsResponse,
  WatchAlertsResponseSchema,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { DEFAULT_RETRY_POLICY } from "../../src/client/retry-policy.ts";
import { watch } from "../../src/client/watch.ts";

/** What one call does: tells these tokens, then fails, ends, or says nothing more. */
type Call = Readonly<{ tells: readonly string[]; ends: ConnectError | "end" | "silence" }>;

const policy = { ...DEFAULT_RETRY_POLICY, backoffMs: 1, backoffMsMax: 2 };
const AWAY = new ConnectError("away", Code.Unavailable);

/** A stream over calls that go by a script; gives what was read, and with which tokens it was opened. */
function scripted(calls: readonly Call[], signal = new AbortController().signal) {
  const opened: string[] = [];
  async function* open(resumeToken: string, ofCall: AbortSignal): AsyncGenerator<WatchAlertsResponse> {
    const call = calls[opened.length] ?? { tells: [], ends: new ConnectError("over", Code.InvalidArgument) };
    opened.push(resumeToken);
    for (const token of call.tells) yield create(WatchAlertsResponseSchema, { resumeToken: token });
    if (call.ends === "silence") {
      await delay(60_000, undefined, { signal: ofCall }).catch(() => undefined);
      throw new ConnectError("cancelled", Code.Canceled);
    }
    if (call.ends !== "end") throw call.ends;
  }
  const common = { method: "WatchAlerts", resumeToken: "begin", policy, signal };
  return { opened, events: watch({ ...common, heartbeatInterval: { nanos: 0 }, silenceSlackMs: 30, open }) };
}

describe("R-WATCH-3: the client's streams", () => {
  it("go on after the last message, however often they break or end, and end with a refusal", async () => {
    const breaks = Array.from({ length: 20 }, (_, index): Call => ({ tells: [`t${index}`], ends: AWAY }));
    const { opened, events } = scripted([
      ...breaks,
      { tells: [], ends: "end" },
      { tells: ["last"], ends: AWAY },
    ]);
    const read: string[] = [];
    const ended = (async () => {
      for await (const { resumeToken } of events) read.push(resumeToken);
    })();
    const error = await ended.catch((reason: unknown) => ConnectError.from(reason));
    expect(error).to.have.property("code", Code.InvalidArgument);
    expect(read).to.deep.equal([...breaks.map(({ tells }) => tells[0]), "last"]);
    expect(opened).to.deep.equal(["begin", ...breaks.map(({ tells }) => tells[0]), "t19", "last"]);
  });

  it("take a server that says nothing for dead", async () => {
    const { opened, events } = scripted([
      { tells: ["one"], ends: "silence" },
      { tells: ["two"], ends: "silence" },
    ]);
    expect((await events.next()).value).to.have.property("resumeToken", "one");
    expect((await events.next()).value).to.have.property("resumeToken", "two");
    expect(opened).to.deep.equal(["begin", "one"]);
    await events.return(undefined);
  });

  it("end when nobody wants them any more", async () => {
    const leaving = new AbortController();
    const { events } = scripted([{ tells: ["one"], ends: "silence" }], leaving.signal);
    await events.next();
    const next = events.next().catch((reason: Error) => reason.message);
    leaving.abort(new Error("enough"));
    expect(await next).to.equal("enough");
  });
});
