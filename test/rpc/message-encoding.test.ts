import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect } from "chai";
import { ListTransactionsResponseSchema } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { TransactionSchema } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { encode } from "../../src/rpc/message-encoding.ts";

const ONE = create(TransactionSchema, {
  organizationId: "acme",
  version: 7n,
  requestId: "018f3c2e-7d5a-7c3b-9e1f-2a4b6c8d0e1f",
  amountMicros: -(2n ** 62n),
  movements: [{ amountMicros: 1n }, { grantId: "018f3c2e-7d5a-7c3b-9e1f-2a4b6c8d0e1f" }],
  context: { runId: "étape", labels: { team: "ünïcode" } },
  pricing: { settings: { quality: "high", n: [1, 2] }, usage: { tokens: "12" } },
  hash: new Uint8Array(32).fill(0xab),
});

describe("encode", () => {
  it("gives the bytes of toBinary, of nothing, of little and of more than its memory", () => {
    expect(encode(TransactionSchema, create(TransactionSchema))).to.have.length(0);
    for (const count of [1, 2, 60, 1_000]) {
      const page = create(ListTransactionsResponseSchema, { transactions: new Array(count).fill(ONE) });
      const expected = Buffer.from(toBinary(ListTransactionsResponseSchema, page));
      expect(encode(ListTransactionsResponseSchema, page).equals(expected), String(count)).to.equal(true);
    }
  });

  it("gives bytes that the next message does not change", () => {
    const first = encode(TransactionSchema, ONE);
    encode(TransactionSchema, create(TransactionSchema, { organizationId: "x".repeat(400) }));
    expect(first.equals(Buffer.from(toBinary(TransactionSchema, ONE)))).to.equal(true);
  });

  it("goes on after a message that can't be encoded, and lends nothing to writers of others", () => {
    const wrong = create(TransactionSchema, { organizationId: "acme", requestOrdinal: 0.5 });
    expect(() => encode(TransactionSchema, wrong)).to.throw("request_ordinal");
    const writer = new BinaryWriter().tag(1, 2).string("mine");
    const other = encode(TransactionSchema, ONE);
    expect(Buffer.from(writer.finish()).toString("latin1")).to.equal("\n\u0004mine");
    expect(other.equals(Buffer.from(toBinary(TransactionSchema, ONE)))).to.equal(true);
  });

  it("is faster only as long as writers have the method that it wraps", () => {
    const writer = BinaryWriter.prototype as unknown as { ensureCapacity?: { name: string } };
    expect(writer.ensureCapacity?.name).to.equal("lendAndGrow");
  });
});
