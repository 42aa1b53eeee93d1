import { once } from "node:events";
import { connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import { ServerReflectionRequestSchema } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { framed } from "../support/grpc-frame.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

/** Larger than what HTTP/2 sends to who reads nothing. */
const LARGE = { case: "fileContainingSymbol", value: "pleyor.credits.v1.CreditService" } as const;

for (const end of ["goes on asking", "has asked all"]) {
  it(`a caller who ${end} and reads nothing is told by the gRPC door that the server drains, once it reads on`, async () => {
    const doors = await new DoorsUnderTest().open();
    const session = connect(`http://${doors.grpcAddress}`);
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const request = create(ServerReflectionRequestSchema, { messageRequest: LARGE });
    stream.pause();
    stream.write(framed(toBinary(ServerReflectionRequestSchema, request)));
    if (end === "has asked all") stream.end();
    await once(stream, "response");
    await doors.drain(0);
    const bytes = countBytes(stream);
    const [trailers] = await once(stream.resume(), "trailers");
    expect(trailers).to.have.property("grpc-status", String(Code.UNAVAILABLE));
    expect(bytes()).to.be.above(65_536);
    session.destroy();
    await doors.close();
  });
}

function countBytes(stream: NodeJS.ReadableStream): () => number {
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  return () => bytes;
}
