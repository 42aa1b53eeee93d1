import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "chai";
import {
  BatchReserveCreditsRequestSchema,
  ChargeCreditsRequestSchema,
  ExtendReservationRequestSchema,
  ReleaseReservationRequestSchema,
  ReserveCreditsRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantKind, GrantState } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { CreateGrantRequestSchema } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { ReservationState } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { CreditState, TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import {
  fromProtoBatchReserveCredits,
  fromProtoChargeCredits,
  fromProtoCreateGrant,
  fromProtoExtendReservation,
  fromProtoReleaseReservation,
  fromProtoReserveCredits,
} from "../../src/rpc/convert-command.ts";
import { toProtoGrant } from "../../src/rpc/convert-grant.ts";
import {
  toProtoReleaseReservationResponse,
  toProtoReleaseRunResponse,
  toProtoReserveCreditsResponse,
} from "../../src/rpc/convert-receipt.ts";
import {
  fromProtoDuration,
  fromProtoTimestamp,
  toProtoTimestamp,
  toText,
} from "../../src/rpc/convert-time.ts";
import { toProtoTransaction } from "../../src/rpc/convert-transaction.ts";
import { InvalidFieldError } from "../../src/rpc/invalid-field.ts";
import {
  ACCOUNT,
  GRANT,
  GRANT_ID,
  NOW,
  ORGANIZATION,
  RECEIPT,
  REQUEST_ID,
  RESERVATION,
  RESERVATION_ID,
  TRANSACTION,
} from "../support/scripted-ledger.ts";

const timestamp = (seconds: bigint, nanos: number) => ({
  $typeName: "google.protobuf.Timestamp" as const,
  seconds,
  nanos,
});
const duration = (seconds: bigint, nanos: number) => ({
  $typeName: "google.protobuf.Duration" as const,
  seconds,
  nanos,
});

describe("conversion of times", () => {
  it("keeps whole microseconds, before 1970 too, and cuts off what is finer, toward the past", () => {
    expect(fromProtoTimestamp(timestamp(1n, 1_999), "t")).to.equal(1_000_001n);
    expect(fromProtoTimestamp(timestamp(-1n, 999_999_999), "t")).to.equal(-1n);
    for (const time of [NOW, 0n, -1n, -1_000_001n]) {
      expect(fromProtoTimestamp(toProtoTimestamp(time), "t")).to.equal(time);
    }
    expect(toText(NOW)).to.equal("2026-11-01T10:00:00.000001Z");
  });

  it("refuses what is no timestamp or duration, by the field's name", () => {
    const bad = [
      timestamp(0n, -1),
      timestamp(0n, 10 ** 9),
      timestamp(2n ** 62n, 0),
      timestamp(-(2n ** 62n), 0),
    ];
    for (const each of bad) {
      expect(() => fromProtoTimestamp(each, "read_time"))
        .to.throw(InvalidFieldError)
        .with.property("field", "read_time");
    }
    expect(() => fromProtoDuration(duration(1n, 2_000_000_000), "time_to_live")).to.throw(InvalidFieldError);
    expect(fromProtoDuration(duration(1n, 1_999), "time_to_live")).to.equal(1_000_001n);
  });
});

describe("conversion of requests", () => {
  const reserve = (init: MessageInitShape<typeof ReserveCreditsRequestSchema>) =>
    fromProtoReserveCredits(create(ReserveCreditsRequestSchema, init));

  it("fills in the default time to live, and an empty context for an absent or empty one", () => {
    const cost = { case: "amountMicros", value: 0n } as const;
    const expected = { kind: "reserveCredits", amountMicros: 0n, context: {}, timeToLive: 900_000_000n };
    expect(reserve({ cost })).to.deep.equal(expected);
    expect(reserve({ cost, context: {} })).to.deep.equal(expected);
  });

  it("keeps of a context what is given", () => {
    const cost = { case: "amountMicros", value: 1n } as const;
    const { context } = reserve({ cost, context: { runId: "run-1", memberId: "m", labels: { a: "" } } });
    expect(context).to.deep.equal({ runId: "run-1", memberId: "m", labels: { a: "" } });
  });

  it("lower-cases UUIDs, so that the same id in upper case is the same", () => {
    const request = create(ReleaseReservationRequestSchema, { reservationId: RESERVATION_ID.toUpperCase() });
    expect(fromProtoReleaseReservation(request).reservationId).to.equal(RESERVATION_ID);
  });

  it("tells absent and zero apart (R-AMT-4)", () => {
    const extend = create(ExtendReservationRequestSchema, { reservationId: RESERVATION_ID });
    expect(fromProtoExtendReservation(extend)).to.deep.include({
      timeToLive: undefined,
      additionalAmountMicros: undefined,
    });
    // Validation refuses it before; if it did not, it must not become zero here.
    expect(() => fromProtoChargeCredits(create(ChargeCreditsRequestSchema))).to.throw("without a cost");
  });

  it("names the item of a batch whose time to live is none", () => {
    const cost = { case: "amountMicros", value: 1n } as const;
    const items = [{ cost }, { cost, timeToLive: duration(1n, 2_000_000_000) }];
    const request = create(BatchReserveCreditsRequestSchema, { items });
    expect(() => fromProtoBatchReserveCredits(request))
      .to.throw(InvalidFieldError)
      .with.property("field", "items[1].time_to_live");
  });

  it("takes a grant's kind by name and its expiry as microseconds", () => {
    const request = create(CreateGrantRequestSchema, {
      kind: GrantKind.SUBSCRIPTION,
      amountMicros: 5n,
      expireTime: toProtoTimestamp(NOW),
      reference: "cycle:2026-11-01",
    });
    expect(fromProtoCreateGrant(request)).to.deep.equal({
      kind: "createGrant",
      grantKind: "SUBSCRIPTION",
      amountMicros: 5n,
      expireTime: NOW,
      reference: "cycle:2026-11-01",
    });
  });
});

describe("conversion of answers", () => {
  it("shows a reservation, the balance after it, and what is available", () => {
    const { reservation, balance, replayed, currentBalance } = toProtoReserveCreditsResponse(RECEIPT);
    expect(balance).to.deep.include({ version: 7n, reservedMicros: 20_000n, availableMicros: 1_000_300n });
    expect(reservation).to.deep.include({ reservationId: RESERVATION_ID, organizationId: ORGANIZATION });
    expect(reservation).to.deep.include({ state: ReservationState.HELD, version: 7n });
    expect(reservation?.settledMicros).to.equal(undefined);
    expect(reservation?.endTime).to.equal(undefined);
    expect(reservation?.context).to.deep.include({ runId: "run-1", nodeId: "", labels: { team: "blue" } });
    expect([replayed, currentBalance]).to.deep.equal([false, undefined]);
  });

  it("shows how things stand now beside an answer that is replayed", () => {
    const current = {
      account: { ...ACCOUNT, version: 9n },
      reservations: [{ ...RESERVATION, state: "SETTLED" as const, settledMicros: 0n }],
      grant: undefined,
    };
    const response = toProtoReserveCreditsResponse({ ...RECEIPT, replayed: true, current });
    expect(response.replayed).to.equal(true);
    expect(response.balance?.version).to.equal(7n);
    expect(response.currentBalance?.version).to.equal(9n);
    expect(response.currentReservation).to.deep.include({
      state: ReservationState.SETTLED,
      settledMicros: 0n,
    });
  });

  it("has no transaction where an expired hold was released", () => {
    const response = toProtoReleaseReservationResponse({ ...RECEIPT, transactions: [] });
    expect(response.transaction).to.equal(undefined);
    expect(response.reservation?.reservationId).to.equal(RESERVATION_ID);
  });

  it("adds up what a run's release returned", () => {
    const released = { ...TRANSACTION, kind: "RELEASE" as const };
    const receipt = { ...RECEIPT, transactions: [released, { ...released, amountMicros: 5n }] };
    expect(toProtoReleaseRunResponse(receipt).releasedMicros).to.equal(20_005n);
  });

  it("shows a grant's state as of the time it is looked at", () => {
    const states = [NOW, NOW + 1_000_000n].map((now) => toProtoGrant(ORGANIZATION, GRANT, now).state);
    expect(states).to.deep.equal([GrantState.ACTIVE, GrantState.EXPIRED]);
    const { expireTime } = toProtoGrant(ORGANIZATION, { ...GRANT, expireTime: undefined }, NOW);
    expect(expireTime).to.equal(undefined);
  });

  it("shows a transaction with its movements, its balance and its hash as bytes", () => {
    const proto = toProtoTransaction(TRANSACTION);
    expect(proto).to.deep.include({ kind: TransactionKind.RESERVE, requestId: REQUEST_ID, grantId: "" });
    expect(proto.movements[0]).to.deep.include({
      grantId: GRANT_ID,
      fromState: CreditState.FREE,
      toState: CreditState.HELD,
      debtVersion: 0n,
    });
    expect(proto.balance).to.deep.include({ version: 7n, availableMicros: 1_000_300n });
    expect(Buffer.from(proto.hash).toString("hex")).to.equal(TRANSACTION.hash);
  });
});
