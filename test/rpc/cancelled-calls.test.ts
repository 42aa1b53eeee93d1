import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import { ACCOUNT, ORGANIZATION } from "../support/scripted-ledger.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

const GET_BALANCE = "/pleyor.credits.v1.CreditService/GetBalance";
/** As gRPC frames it: nothing is compressed, then the length; field 1, with a length, then the text. */
const REQUEST = Buffer.concat([
  Buffer.from([0, 0, 0, 0, ORGANIZATION.length + 2, 0x0a, ORGANIZATION.length]),
  Buffer.from(ORGANIZATION),
]);
const AT_ONCE = 500;
const CANCELLED = 4_000;

for (const door of ["grpcAddress", "httpAddress"] as const) {
  describe(`a caller that cancels many calls, at the ${door === "grpcAddress" ? "gRPC" : "Connect"} door`, () => {
    let doors: DoorsUnderTest;
    let session: ClientHttp2Session;

    beforeEach(async () => {
      doors = await new DoorsUnderTest().open();
      session = connect(`http://${doors[door]}`);
      // Its calls fail with it, which the test meets.
      session.on("error", () => undefined);
      await once(session, "remoteSettings");
    });
    afterEach(async () => {
      session.destroy();
      await doors.close();
    });

    const call = () => {
      const headers = { ":method": "POST", ":path": GET_BALANCE, "content-type": "application/grpc+proto" };
      const stream = session.request({ ...headers, te: "trailers" });
      stream.end(REQUEST);
      return stream;
    };

    const cancelledCall = async () => {
      const stream = call();
      // By then it is sent.
      await setImmediate();
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, "close");
    };

    it("keeps its connection, and the calls that it goes on with", async () => {
      doors.ledger.always(() => new Promise(() => undefined));
      for (let cancelled = 0; cancelled < CANCELLED; cancelled += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, cancelledCall));
      doors.ledger.always(() => ({ value: ACCOUNT }));
      const stream = call();
      stream.resume();
      const [trailers] = await once(stream, "trailers");
      expect(trailers).to.include({ "grpc-status": "0" });
      expect(session.closed).to.equal(false);
    });
  });
}
