import { randomUUID } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { BatchReserveCreditsResponseSchema } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { createCreditClient } from "../../src/client/client.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const ITEMS = 1_000;
const ID_LENGTH = 128;
const MEBIBYTE = 1024 * 1024;
/** A slow machine takes seconds for this much, and another attempt would only make it slower. */
const PATIENT = { timeoutMs: 60_000, retry: { attemptTimeoutMs: 60_000 } };

describe("the largest batch that the contract allows", function () {
  this.timeout(60_000);
  let service: RunningService;

  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  for (const transport of ["grpc", "connect"] as const) {
    it(`is taken, and its replay is read, by ${transport} without any setting`, async () => {
      const at =
        transport === "grpc"
          ? ({ transport, address: service.grpcAddress } as const)
          : ({ transport, baseUrl: service.httpUrl } as const);
      const client = createCreditClient({ ...at, ...PATIENT });
      const organizationId = `by-${transport}`;
      await client.grants.createGrant({
        organizationId,
        kind: GrantKind.PURCHASED,
        amountMicros: 1_000_000n,
        reference: "payment:1",
      });
      const batch = { organizationId, requestId: randomUUID(), items: largestItems() };
      const first = await client.credits.batchReserveCredits(batch);
      const again = await client.credits.batchReserveCredits(batch);
      client.close();
      expect(first.reservations).to.have.length(ITEMS);
      expect([again.replayed, again.currentReservations.length]).to.deep.equal([true, ITEMS]);
      const answerBytes = toBinary(BatchReserveCreditsResponseSchema, again).length;
      expect(answerBytes).to.be.greaterThan(12 * MEBIBYTE);
    });
  }
});

function largestItems() {
  const labels = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`${index}`.padStart(64, "k"), "v".repeat(256)]),
  );
  const id = "i".repeat(ID_LENGTH);
  const ids = {
    runId: id,
    nodeId: id,
    agentId: id,
    workspaceId: id,
    memberId: id,
    parentRunId: id,
    modelId: id,
  };
  return Array.from({ length: ITEMS }, () => ({
    cost: { case: "amountMicros", value: 1n } as const,
    context: { ...ids, labels },
  }));
}
