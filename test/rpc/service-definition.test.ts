import { create } from "@bufbuild/protobuf";
import { expect } from "chai";
import { CreditService, WatchBalanceResponseSchema } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { toServiceDefinition } from "../../src/rpc/service-definition.ts";

describe("a service's definition", () => {
  it("encodes a stream's message once, into memory of its own: it is kept as long as the message", () => {
    const { watchBalance } = toServiceDefinition({ service: CreditService } as never);
    const message = create(WatchBalanceResponseSchema, { resumeToken: "a".repeat(100) });
    const bytes = watchBalance?.responseSerialize(message);
    expect(bytes?.buffer.byteLength).to.equal(bytes?.length);
    expect(watchBalance?.responseSerialize(message)).to.equal(bytes);
  });
});
