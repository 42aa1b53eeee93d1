import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "chai";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import {
  InsufficientCreditsSchema,
  ReferenceReusedSchema,
  RequestIdReusedSchema,
  ReservationConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { createCreditClient, type Refusal, refusalOf } from "../../src/client/client.ts";
import { DOORS, type Door, ScriptedService } from "./scripted-service.ts";
import { serviceError } from "./service-error.ts";

interface Sample {
  readonly error: ConnectError;
  readonly check: (refusal: Refusal) => void;
}

const { FailedPrecondition, AlreadyExists, InvalidArgument, Unavailable } = Code;

const SAMPLES: readonly Sample[] = [
  {
    error: serviceError(
      { code: FailedPrecondition, reason: "INSUFFICIENT_CREDITS", metadata: { shortfall_micros: "1500000" } },
      {
        desc: InsufficientCreditsSchema,
        value: { availableMicros: 1_000_000n, requiredMicros: 2_500_000n, shortfallMicros: 1_500_000n },
      },
    ),
    check: ({ metadata, insufficientCredits }) => {
      expect(metadata).to.deep.equal({ shortfall_micros: "1500000" });
      expect(insufficientCredits?.shortfallMicros).to.equal(1_500_000n);
    },
  },
  {
    error: serviceError(
      { code: FailedPrecondition, reason: "RESERVATION_SETTLED" },
      { desc: ReservationConflictSchema, value: { reservation: { settledMicros: 900_000n } } },
    ),
    check: ({ reservation }) => expect(reservation?.settledMicros).to.equal(900_000n),
  },
  {
    error: serviceError(
      { code: AlreadyExists, reason: "REFERENCE_REUSED" },
      { desc: ReferenceReusedSchema, value: { grant: { reference: "payment:pi_123" } } },
    ),
    check: ({ grant }) => expect(grant?.reference).to.equal("payment:pi_123"),
  },
  {
    error: serviceError(
      { code: AlreadyExists, reason: "REQUEST_ID_REUSED" },
      { desc: RequestIdReusedSchema, value: { kind: TransactionKind.RESERVE, version: 7n } },
    ),
    check: ({ first }) => expect(first).to.include({ kind: TransactionKind.RESERVE, version: 7n }),
  },
  {
    error: serviceError(
      { code: InvalidArgument, reason: "INVALID_REQUEST" },
      { desc: ViolationsSchema, value: { violations: [{ message: "must not be empty" }] } },
    ),
    check: ({ violations }) => expect(violations?.[0]?.message).to.equal("must not be empty"),
  },
  {
    error: serviceError({ code: Unavailable, reason: "DRAINING", retryDelayMs: 250 }),
    check: ({ retryDelayMs }) => expect(retryDelayMs).to.equal(250),
  },
];

for (const door of DOORS) {
  describe(`refusalOf by ${door}`, () => {
    for (const { error, check } of SAMPLES) {
      it(`reads the typed detail of ${error.rawMessage}`, async () => {
        const refusal = refusalOf(await thrownBy(door, error));
        expect(refusal).to.include({ code: error.code, message: error.rawMessage });
        expect(`sample ${refusal?.reason}`).to.equal(error.rawMessage);
        check(refusal ?? expect.fail("no refusal"));
      });
    }
  });
}

describe("refusalOf", () => {
  it("reads the error of one operation of a batch", () => {
    const info = { reason: "ORGANIZATION_NOT_FOUND", domain: "credits.pleyor" };
    const status = create(StatusSchema, {
      code: Code.NotFound,
      message: "no such organization",
      details: [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, info))],
    });
    expect(refusalOf(status)).to.deep.equal({
      reason: "ORGANIZATION_NOT_FOUND",
      code: Code.NotFound,
      message: "no such organization",
      metadata: {},
    });
  });

  const OTHERS: readonly unknown[] = [
    new ConnectError("connection refused", Code.Unavailable),
    new ConnectError("other", Code.NotFound, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "X", domain: "other.example" } },
    ]),
    new Error("a fault of the caller"),
    "text",
    undefined,
  ];
  for (const other of OTHERS) {
    it(`leaves what the service did not say: ${other}`, () => {
      expect(refusalOf(other)).to.equal(undefined);
    });
  }
});

async function thrownBy(door: Door, error: ConnectError): Promise<unknown> {
  const service = await ScriptedService.start(door);
  const client = createCreditClient({ ...service.clientOptions, retry: { attemptsMax: 1 } });
  try {
    service.script = [error];
    return await client.grants.getGrant({ organizationId: "acme" }).then(
      () => undefined,
      (thrown) => thrown,
    );
  } finally {
    client.close();
    await service.stop();
  }
}
