import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Client, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Status } from "../../gen/google/rpc/status_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ServiceError } from "../../src/service/service-error.ts";
import { ORGANIZATION, RECEIPT, REQUEST_ID, RESERVATION_ID } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";

const cost = { case: "amountMicros", value: 1n } as const;
const ids = { organizationId: ORGANIZATION, requestId: REQUEST_ID };
const reserve = { operation: { case: "reserve", value: { ...ids, cost } } } as const;
const settle = {
  operation: { case: "settle", value: { ...ids, cost, reservationId: RESERVATION_ID } },
} as const;
const release = {
  operation: { case: "release", value: { ...ids, reservationId: RESERVATION_ID } },
} as const;
const charge = { operation: { case: "charge", value: { ...ids, cost } } } as const;

for (const way of WAYS_IN) {
  describe(`ApplyBatch by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;

    before(async () => {
      doors = await new DoorsUnderTest().open();
      credits = createClient(CreditService, doors.transport(way));
    });
    after(() => doors.close());

    it("gives all operations to the ledger in their order before any is answered", async () => {
      const all = Promise.withResolvers<void>();
      doors.ledger.script({
        apply: async () => {
          if (doors.ledger.applied.length === 4) all.resolve();
          await all.promise;
          return { value: RECEIPT };
        },
      });
      const { results } = await credits.applyBatch({ operations: [settle, reserve, charge, release] });
      expect(results.map(({ result }) => result.case)).to.deep.equal([
        "settle",
        "reserve",
        "charge",
        "release",
      ]);
      expect(doors.ledger.applied.map(({ command }) => command.kind)).to.deep.equal([
        "settleReservation",
        "reserveCredits",
        "chargeCredits",
        "releaseReservation",
      ]);
    });

    it("answers each operation by itself: a bad, a refused or a crashed one fails alone", async () => {
      const answers = [
        () => ({ value: RECEIPT }),
        () => ({ refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId: ORGANIZATION } }),
        () => Promise.reject(new ServiceError("OVERLOADED", "full")),
        () => Promise.reject(new Error("a secret")),
      ];
      doors.ledger.script({ apply: () => answers[doors.ledger.applied.length - 1]?.() });
      const bad = { operation: { case: "reserve", value: { ...ids, requestId: "no" } } } as const;
      const operations = [bad, {}, reserve, reserve, settle, charge];
      const { results } = await credits.applyBatch({ operations });
      const told = results.map(({ result }) =>
        result.case === "error" ? toldBy(result.value) : result.case,
      );
      expect(told).to.deep.equal([
        [Code.INVALID_ARGUMENT, "INVALID_REQUEST", "request_id"],
        [Code.INVALID_ARGUMENT, "INVALID_REQUEST", "operation"],
        "reserve",
        [Code.NOT_FOUND, "ORGANIZATION_NOT_FOUND", undefined],
        [Code.RESOURCE_EXHAUSTED, "OVERLOADED", undefined],
        [Code.INTERNAL, "INTERNAL", undefined],
      ]);
      expect(JSON.stringify(told)).not.to.include("secret");
    });
  });
}

function toldBy({ code, details }: Status): unknown[] {
  const info = details[0] && anyUnpack(details[0], ErrorInfoSchema);
  return [code, info?.reason, info?.metadata.field];
}
