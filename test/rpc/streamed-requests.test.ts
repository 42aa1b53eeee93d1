import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { ServerReflectionRequestSchema } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { connectErrorFromGrpc } from "../../src/client/grpc-status.ts";
import { refusalOf } from "../../src/client/refusal.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

const LIMIT = 10_000;
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const GOOD = toBinary(
  ServerReflectionRequestSchema,
  create(ServerReflectionRequestSchema, { messageRequest: { case: "listServices", value: "" } }),
);

/** What a caller sends behind a good request, and the reason why it is refused. */
const BAD = {
  "no message": { bytes: [0xff, 0xff, 0xff], reason: "INVALID_REQUEST" },
  "too large": {
    bytes: [0x0a, 0xb0, 0xea, 0x01, ...Buffer.alloc(3 * LIMIT, "x")],
    reason: "MESSAGE_TOO_LARGE",
  },
} as const;

for (const door of ["gRPC", "Connect"] as const) {
  describe(`a stream of requests by the ${door} door`, () => {
    let doors: DoorsUnderTest;
    let client: Client;

    before(async () => {
      doors = await new DoorsUnderTest({ messageBytesMax: LIMIT }).open();
      const address = door === "gRPC" ? doors.grpcAddress : doors.httpAddress;
      client = new Client(address, credentials.createInsecure());
    });
    after(async () => {
      client.close();
      await doors.close();
    });

    for (const [what, { bytes, reason }] of Object.entries(BAD)) {
      it(`is refused with a reason where one of them is ${what}, behind the answers to those before`, async () => {
        const { answers, error } = await sendAll([GOOD, Buffer.from(bytes)]);
        expect(answers).to.equal(1);
        expect(error.code).to.equal(status.INVALID_ARGUMENT);
        expect(refusalOf(connectErrorFromGrpc(error))?.reason).to.equal(reason);
        expect(doors.logLines.filter((line) => line.includes("crashed"))).to.deep.equal([]);
      });
    }

    /** Sends all and leaves the stream open; resolves to how it ends. */
    function sendAll(messages: readonly Uint8Array[]): Promise<{ answers: number; error: ServiceError }> {
      const { promise, resolve } = Promise.withResolvers<{ answers: number; error: ServiceError }>();
      const asBytes = (message: Uint8Array): Buffer => Buffer.from(message);
      const stream = client.makeBidiStreamRequest(REFLECTION, asBytes, asBytes);
      let answers = 0;
      stream.on("data", () => {
        answers += 1;
      });
      stream.on("error", (error: ServiceError) => resolve({ answers, error }));
      for (const message of messages) stream.write(message);
      return promise;
    }
  });
}
