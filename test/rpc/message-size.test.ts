import { type Client, Code, type ConnectError, createClient } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { expect } from "chai";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ACCOUNT } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

const LIMIT = 10_000;
/** Without its frame, a request of this id has three bytes more: the field, and the length in two. */
const FRAME_OF_FIELD = 3;

describe("a request's size", () => {
  let doors: DoorsUnderTest;

  before(async () => {
    doors = await new DoorsUnderTest({ messageBytesMax: LIMIT }).open();
    doors.ledger.always(() => ({ value: ACCOUNT }));
  });
  after(() => doors.close());

  /** What is not too large is refused for its long id. */
  const refusal = (credits: Client<typeof CreditService>, idLength: number): Promise<ConnectError> =>
    errorOf(credits.getBalance({ organizationId: "x".repeat(idLength) }));

  const expectTooLarge = (error: ConnectError): void => {
    expect(error.code).to.equal(Code.InvalidArgument);
    const [info] = error.findDetails(ErrorInfoSchema);
    expect(info).to.deep.include({ reason: "MESSAGE_TOO_LARGE", domain: "credits.pleyor" });
    expect(info?.metadata).to.deep.equal({ limit_bytes: String(LIMIT) });
    expect(error.rawMessage).to.include(String(LIMIT));
  };

  for (const way of WAYS_IN) {
    it(`by the ${way}: a byte too many is refused with its reason and the limit, and none is not`, async () => {
      const credits = createClient(CreditService, doors.transport(way));
      const frame = way.includes("JSON") ? `{"organizationId":""}`.length : FRAME_OF_FIELD;
      expect(reasonOf(await refusal(credits, LIMIT - frame))).to.equal("INVALID_REQUEST");
      expectTooLarge(await refusal(credits, LIMIT - frame + 1));
      expectTooLarge(await refusal(credits, 3 * LIMIT));
      expect(reasonOf(await refusal(credits, 200))).to.equal("INVALID_REQUEST");
    });
  }

  for (const way of WAYS_IN) {
    it(`by the ${way}: so is the request of a stream`, async () => {
      const credits = createClient(CreditService, doors.transport(way));
      const watch = (idLength: number): Promise<ConnectError> => {
        const states = credits.watchBalance({ organizationId: "x".repeat(idLength) });
        return errorOf(states[Symbol.asyncIterator]().next());
      };
      const frame = way.includes("JSON") ? `{"organizationId":""}`.length : FRAME_OF_FIELD;
      expect(reasonOf(await watch(LIMIT - frame))).to.equal("INVALID_REQUEST");
      expectTooLarge(await watch(LIMIT - frame + 1));
      expectTooLarge(await watch(3 * LIMIT));
    });
  }

  it("counts what comes out of a compressed request, which may be a thousand times what was sent", async () => {
    const options = { sendCompression: compressionGzip, compressMinBytes: 0 };
    const http = { baseUrl: doors.httpUrl, httpVersion: "1.1", ...options } as const;
    const transports = [
      createConnectTransport(http),
      createGrpcWebTransport(http),
      createGrpcTransport({ baseUrl: `http://${doors.grpcAddress}`, ...options }),
    ];
    for (const transport of transports) {
      const credits = createClient(CreditService, transport);
      expectTooLarge(await refusal(credits, 2 * LIMIT));
      expect(reasonOf(await refusal(credits, LIMIT - FRAME_OF_FIELD))).to.equal("INVALID_REQUEST");
    }
  });

  it("is told also to who sends without saying how much, and goes on sending", async () => {
    const url = `${doors.httpUrl}/pleyor.credits.v1.CreditService/GetBalance`;
    const headers = { "content-type": "application/json" };
    for (const chunks of [2, 20]) {
      const body = ReadableStream.from(Array.from({ length: chunks }, () => Buffer.alloc(LIMIT, " ")));
      const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
      const answer = await fetch(url, init);
      expect(answer.status).to.equal(400);
      expect(await answer.text()).to.include("MESSAGE_TOO_LARGE");
    }
  });
});
