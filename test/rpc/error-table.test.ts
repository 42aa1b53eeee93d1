import type { DescMessage } from "@bufbuild/protobuf";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import {
  InsufficientCreditsSchema,
  ReferenceReusedSchema,
  RequestIdReusedSchema,
  ReservationConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import type { AnyRefusal } from "../../src/rpc/refusal-row.ts";
import { ServiceError, type ServiceFault } from "../../src/service/service-error.ts";
import {
  GRANT,
  GRANT_ID,
  NOW,
  ORGANIZATION,
  REQUEST_ID,
  RESERVATION,
  RESERVATION_ID,
} from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { PLAN_REFUSAL_ROWS } from "./plan-refusal-rows.ts";
import { COST_REFUSAL_ROWS } from "./pricing/cost-refusal-rows.ts";
import { errorOf } from "./refused-call.ts";

interface Expected {
  readonly code: Code;
  /** If it is not the refusal's own. */
  readonly reason?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly detail?: DescMessage;
  readonly shown?: object;
}
type Row<Refusal> = Expected & { readonly refusal: Refusal };
type Rows = {
  readonly [Name in AnyRefusal["reason"]]: Row<Omit<Extract<AnyRefusal, { reason: Name }>, "reason">>;
};

const SETTLED = { ...RESERVATION, state: "SETTLED", settledMicros: 900_000n } as const;

/** One row for each refusal; a refusal without a row does not compile. */
const REFUSALS: Rows = {
  REQUEST_ID_REUSED: {
    refusal: {
      requestId: REQUEST_ID,
      first: { fingerprint: "00", kind: "CHARGE", effectiveTime: NOW, versions: [6n, 7n] },
    },
    code: Code.AlreadyExists,
    metadata: {
      request_id: REQUEST_ID,
      kind: "CHARGE",
      effective_time: "2026-11-01T10:00:00.000001Z",
      version: "7",
    },
    detail: RequestIdReusedSchema,
    shown: { requestId: REQUEST_ID, kind: 9, version: 7n },
  },
  ORGANIZATION_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION },
  },
  RESERVATION_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION, reservationId: RESERVATION_ID },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION, reservation_id: RESERVATION_ID },
  },
  GRANT_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION, grantId: GRANT_ID },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION, grant_id: GRANT_ID },
  },
  TRANSACTION_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION, version: 12n },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION, version: "12" },
  },
  RUN_NOT_FOUND: {
    refusal: { organizationId: ORGANIZATION, runId: "run-7" },
    code: Code.NotFound,
    metadata: { organization_id: ORGANIZATION, run_id: "run-7" },
  },
  REFERENCE_REUSED: {
    refusal: { grant: GRANT },
    code: Code.AlreadyExists,
    metadata: {
      reference: "payment:pi_123",
      grant_id: GRANT_ID,
      kind: "PROMOTIONAL",
      amount_micros: "50000",
      create_time: "2026-11-01T09:59:59.000001Z",
    },
    detail: ReferenceReusedSchema,
  },
  EXPIRE_TIME_PASSED: {
    refusal: { expireTime: NOW - 1n, now: NOW },
    code: Code.InvalidArgument,
    reason: "INVALID_REQUEST",
    metadata: { field: "expire_time" },
    detail: ViolationsSchema,
  },
  RESERVATION_SETTLED: {
    refusal: { reservation: SETTLED },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID, settled_micros: "900000" },
    detail: ReservationConflictSchema,
  },
  RESERVATION_RELEASED: {
    refusal: { reservation: { ...RESERVATION, state: "RELEASED" } },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID },
    detail: ReservationConflictSchema,
  },
  RESERVATION_EXPIRED: {
    refusal: { reservation: { ...RESERVATION, state: "EXPIRED" } },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID, expire_time: "2026-11-01T10:15:00.000001Z" },
    detail: ReservationConflictSchema,
  },
  RESERVATION_NOT_SETTLED: {
    refusal: { reservation: RESERVATION },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID, state: "HELD" },
    detail: ReservationConflictSchema,
  },
  REFUND_EXCEEDS_CHARGE: {
    refusal: { reservation: SETTLED, refundableMicros: 400_000n },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID, settled_micros: "900000", refundable_micros: "400000" },
    detail: ReservationConflictSchema,
  },
  ...PLAN_REFUSAL_ROWS,
  GRANT_VOIDED: {
    refusal: { grant: { ...GRANT, voided: true } },
    code: Code.FailedPrecondition,
    metadata: { grant_id: GRANT_ID },
  },
  TIME_TO_LIVE_EXCEEDED: {
    refusal: { reservation: RESERVATION, expireTimeMax: NOW },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID, expire_time_max: "2026-11-01T10:00:00.000001Z" },
  },
  INSUFFICIENT_CREDITS: {
    refusal: { availableMicros: -5n, requiredMicros: 2_500_000n, itemIndex: 3 },
    code: Code.FailedPrecondition,
    metadata: {
      available_micros: "-5",
      required_micros: "2500000",
      shortfall_micros: "2500005",
      item_index: "3",
    },
    detail: InsufficientCreditsSchema,
    shown: { availableMicros: -5n, requiredMicros: 2_500_000n, shortfallMicros: 2_500_005n, itemIndex: 3 },
  },
  RESERVATION_UNPRICED: {
    refusal: { reservation: RESERVATION },
    code: Code.FailedPrecondition,
    metadata: { reservation_id: RESERVATION_ID },
    detail: ReservationConflictSchema,
  },
  ...COST_REFUSAL_ROWS,
  BALANCE_LIMIT_EXCEEDED: {
    refusal: { totalMicros: 10n ** 18n + 1n, limitMicros: 10n ** 18n },
    code: Code.FailedPrecondition,
    metadata: { total_micros: "1000000000000000001", limit_micros: "1000000000000000000" },
  },
  READ_TIME_IN_FUTURE: {
    refusal: { readTime: NOW + 1n, now: NOW },
    code: Code.InvalidArgument,
    reason: "INVALID_REQUEST",
    metadata: { field: "read_time" },
    detail: ViolationsSchema,
  },
  PAGE_TOKEN_INVALID: {
    refusal: { explanation: "it belongs to another filter" },
    code: Code.InvalidArgument,
    reason: "INVALID_REQUEST",
    metadata: { field: "page_token" },
    detail: ViolationsSchema,
  },
};

/** Refusals that are told in another way where they are about something else. */
const OTHERS: readonly (readonly [name: string, row: Row<object>])[] = [
  [
    "REFERENCE_REUSED",
    {
      refusal: {
        reference: "event:evt_1",
        first: { fingerprint: "00", kind: "SUBSCRIPTION_SUSPEND", effectiveTime: NOW, versions: [7n] },
      },
      code: Code.AlreadyExists,
      metadata: {
        reference: "event:evt_1",
        kind: "SUBSCRIPTION_SUSPEND",
        effective_time: "2026-11-01T10:00:00.000001Z",
        version: "7",
      },
      detail: ReferenceReusedSchema,
      shown: { kind: TransactionKind.SUBSCRIPTION_SUSPEND, version: 7n },
    },
  ],
];

const FAULTS: { readonly [Name in ServiceFault]: { readonly code: Code; readonly retry: boolean } } = {
  OVERLOADED: { code: Code.ResourceExhausted, retry: true },
  DATABASE_UNAVAILABLE: { code: Code.Unavailable, retry: true },
  QUERY_TOO_SLOW: { code: Code.ResourceExhausted, retry: false },
  DRAINING: { code: Code.Unavailable, retry: true },
  DEADLINE_EXCEEDED: { code: Code.DeadlineExceeded, retry: false },
  CANCELLED: { code: Code.Canceled, retry: false },
};

for (const way of WAYS_IN) {
  describe(`errors by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;
    let grants: Client<typeof GrantService>;
    let prices: Client<typeof PricingService>;

    before(async () => {
      doors = await new DoorsUnderTest().open();
      credits = createClient(CreditService, doors.transport(way));
      grants = createClient(GrantService, doors.transport(way));
      prices = createClient(PricingService, doors.transport(way));
    });
    after(() => doors.close());

    /** Calls a method whose request has the field that the refusal is about. */
    const call = (reason: string): Promise<unknown> => {
      const organizationId = ORGANIZATION;
      if (reason === "EXPIRE_TIME_PASSED") {
        const grant = { kind: GrantKind.PROMOTIONAL, amountMicros: 1n, reference: "r" };
        return grants.createGrant({ organizationId, requestId: REQUEST_ID, ...grant });
      }
      if (reason === "EFFECTIVE_TIME_PASSED") {
        return prices.publishRateCard({ requestId: REQUEST_ID, rateCard: {} });
      }
      if (reason === "PAGE_TOKEN_INVALID") return credits.listReservations({ organizationId });
      return credits.getBalance({ organizationId });
    };

    for (const [name, row] of [...Object.entries(REFUSALS), ...OTHERS]) {
      it(`tells ${name} by its code, reason, metadata and detail`, async () => {
        const answer = () => ({ refusal: { reason: name, ...row.refusal } });
        doors.ledger.always(answer);
        doors.prices.always(answer);
        const error = await errorOf(call(name));
        expect(error.code).to.equal(row.code);
        const [info, ...others] = error.findDetails(ErrorInfoSchema);
        expect(others).to.have.length(0);
        expect(info).to.deep.include({ reason: row.reason ?? name, domain: "credits.pleyor" });
        expect(info?.metadata).to.deep.equal(row.metadata);
        expect(error.details).to.have.length(row.detail ? 2 : 1);
        if (row.detail) expect(error.findDetails(row.detail)[0]).to.deep.include(row.shown ?? {});
      });
    }

    for (const [fault, { code, retry }] of Object.entries(FAULTS)) {
      it(`tells ${fault} by its code and reason, ${retry ? "and when to try again" : "with no more"}`, async () => {
        doors.ledger.always(() => {
          throw new ServiceError(fault as ServiceFault, "for the log", { retryAfterMs: 1_250 });
        });
        const error = await errorOf(call(fault));
        expect(error.code).to.equal(code);
        expect(error.findDetails(ErrorInfoSchema)[0]?.reason).to.equal(fault);
        expect(error.rawMessage).not.to.include("for the log");
        const delays = error.findDetails(RetryInfoSchema).map(({ retryDelay }) => retryDelay);
        const expected = { seconds: 1n, nanos: 250_000_000 };
        expect(delays).to.have.length(retry ? 1 : 0);
        if (retry) expect(delays[0]).to.deep.include(expected);
      });
    }

    it("tells what is unexpected by a number only, under which the log has all of it", async () => {
      doors.ledger.always(() => {
        throw new Error("select * from secrets", { cause: new Error("the root of it") });
      });
      const error = await errorOf(call("INTERNAL"));
      expect(error.code).to.equal(Code.Internal);
      expect(error.rawMessage).not.to.include("secrets");
      const [info] = error.findDetails(ErrorInfoSchema);
      const errorId = info?.metadata.error_id ?? "none";
      expect(info?.reason).to.equal("INTERNAL");
      const line = doors.logLines.find((each) => each.includes(errorId) && each.includes("crashed"));
      expect(line).to.include("select * from secrets").and.to.include("the root of it");
    });
  });
}
