import { once } from "node:events";
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Server } from "@grpc/grpc-js";
import { expect } from "chai";
import { GateKeeper } from "../../src/rpc/gate-keeper.ts";
import { gateCalls } from "../../src/rpc/grpc-gate.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";

describe("a call that the gate has let through", () => {
  it("is held by nothing of its stream once it is closed, which hears of errors all the same", async () => {
    const streams: ServerHttp2Stream[] = [];
    const closed: boolean[] = [];
    const grpc = {
      _streamHandler: (_interceptors: unknown, stream: ServerHttp2Stream, _headers: IncomingHttpHeaders) => {
        streams.push(stream);
        stream.once("close", () => closed.push(true));
        stream.on("data", () => undefined);
        stream.on("end", () => stream.respond({ ":status": 200 }, { endStream: true }));
      },
    };
    const gauge = { mayRefuse: () => false, refuses: () => false };
    const keeper = new GateKeeper({ routes: [], gauge, telemetry: new Telemetry("silent") });
    gateCalls(grpc as unknown as Server, keeper);
    const server = createServer().listen(0, "127.0.0.1");
    server.on("stream", (stream: ServerHttp2Stream, headers) => grpc._streamHandler([], stream, headers));
    await once(server, "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const call = session.request({ ":method": "POST", ":path": "/a/B" }).end("request");
    await once(call.resume(), "close");
    const [stream] = streams;
    if (!stream?.destroyed) await once(stream ?? call, "close");
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).to.deep.equal([true]);
    expect(stream?.eventNames()).to.deep.equal(["error"]);
    session.close();
    server.close();
  });
});
