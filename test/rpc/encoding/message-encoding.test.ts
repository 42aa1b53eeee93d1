import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import {
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { ListTransactionsResponseSchema } from "../../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { TransactionSchema } from "../../../gen/pleyor/credits/v1/transaction_pb.ts";
import { encode } from "../../../src/rpc/encoding/message-encoding.ts";

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

function byLibrary(schema: DescMessage, message: Message): Buffer {
  return Buffer.from(toBinary(schema, message));
}

describe("encode", () => {
  it("gives the bytes of toBinary, of nothing, of little and of more than its memory, in any order", () => {
    expect(encode(TransactionSchema, create(TransactionSchema))).to.have.length(0);
    for (const count of [1, 2, 60, 1_000, 30, 20_000, 1_000, 0]) {
      const page = create(ListTransactionsResponseSchema, { transactions: new Array(count).fill(ONE) });
      const expected = byLibrary(ListTransactionsResponseSchema, page);
      expect(encode(ListTransactionsResponseSchema, page).equals(expected), String(count)).to.equal(true);
    }
  });

  it("gives bytes that the next message does not change", () => {
    // The last one needs more memory than any before it, and is given it while it is written.
    for (const count of [1, 1_000, 5_000]) {
      const page = create(ListTransactionsResponseSchema, { transactions: new Array(count).fill(ONE) });
      const first = encode(ListTransactionsResponseSchema, page);
      encode(TransactionSchema, create(TransactionSchema, { organizationId: "x".repeat(400) }));
      expect(first.equals(byLibrary(ListTransactionsResponseSchema, page))).to.equal(true);
    }
  });

  it("refuses what can't be encoded as the library does, and goes on", () => {
    const wrong = [
      { ...ONE, requestOrdinal: 0.5 },
      { ...ONE, amountMicros: 2n ** 63n },
      { ...ONE, late: undefined as never, version: "none" as never },
      { ...ONE, $typeName: "pleyor.credits.v1.Movement" as never },
      { ...ONE, movements: undefined as never },
    ];
    for (const message of wrong) {
      const reason = reasonOf(() => toBinary(TransactionSchema, message));
      expect(reason).to.be.a("string");
      expect(reasonOf(() => encode(TransactionSchema, message))).to.equal(reason);
      expect(encode(TransactionSchema, ONE).equals(byLibrary(TransactionSchema, ONE))).to.equal(true);
    }
  });

  it("goes on where the library writes a field that there was too little room for", () => {
    const names = Array.from({ length: 5_000 }, (_, place) => `${place}${"x".repeat(1_000)}`);
    const statuses = Object.fromEntries(names.map((name) => [name, create(HealthCheckResponseSchema)]));
    const message = create(HealthListResponseSchema, { statuses });
    const expected = byLibrary(HealthListResponseSchema, message);
    expect(encode(HealthListResponseSchema, message).equals(expected)).to.equal(true);
  });

  it("leaves to the library what only that can write", () => {
    const unknown = { ...ONE, $unknown: [{ no: 1_000, wireType: 0, data: Uint8Array.of(1) }] };
    const lenient = { ...ONE, amountMicros: "12" as never };
    for (const message of [unknown, lenient]) {
      expect(encode(TransactionSchema, message).equals(byLibrary(TransactionSchema, message))).to.equal(true);
    }
  });
});

function reasonOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
