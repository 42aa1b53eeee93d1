import { randomUUID } from "node:crypto";
import type { DescMethod, DescMethodUnary } from "@bufbuild/protobuf";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "chai";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { SubscriptionService } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { UsageService } from "../../gen/pleyor/credits/v1/usage_service_pb.ts";
import { type JsonCaller, jsonOverHttp, jsonOverTransport } from "../support/json-caller.ts";
import { type RunningService, startService } from "../support/running-service.ts";
import { badRequests, type Json } from "./bad-fields.ts";

const CREDIT = CreditService.method;
const GRANT = GrantService.method;
const USAGE = UsageService.method;
const ORGANIZATION = "acme";
const OTHER = "other";
const YEAR = { startTime: "2026-01-01T00:00:00Z", endTime: "2027-01-01T00:00:00Z" };

describe("bad input", () => {
  let service: RunningService;
  let callers: Readonly<Record<Door, JsonCaller>>;
  let ids: Readonly<{ reservationId: string; grantId: string; others: string; othersGrant: string }>;

  before(async () => {
    service = await startService();
    const grpc = createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` });
    callers = { gRPC: jsonOverTransport(grpc), Connect: jsonOverHttp(service.httpUrl) };
    const own = await open(ORGANIZATION);
    const others = await open(OTHER);
    ids = { ...own, others: others.reservationId, othersGrant: others.grantId };
  });

  after(async () => {
    expect((await service.verify()).discrepancies).to.deep.equal([]);
    await service.stop();
  });

  for (const door of ["gRPC", "Connect"] as const) {
    refusesBadFields(door);
    refusesUnknownIds(door);
    refusesByRule(door);
  }

  function refusesBadFields(door: Door): void {
    for (const method of methods()) {
      it(`${door} ${method.name}: every field in every bad way is refused by name and changes nothing`, async () => {
        const before = await versionOf(ORGANIZATION);
        for (const { what, request, field } of badRequests(method.input, good(method))) {
          const answer = await callers[door](method, request);
          expect(answer.code, what).to.equal("invalid_argument");
          expect(answer.reason, what).to.equal("INVALID_REQUEST");
          if (field !== undefined) expect(lastNames(answer.fields), what).to.include(field);
        }
        expect(await versionOf(ORGANIZATION)).to.equal(before);
      });
    }
  }

  function refusesUnknownIds(door: Door): void {
    for (const [method, request, reason] of unknownIds()) {
      it(`${door} ${method.name}: ${reason} for what does not exist or is another organization's`, async () => {
        const before = [await versionOf(ORGANIZATION), await versionOf(OTHER)];
        for (const body of request()) {
          const id = method.input.field.requestId ? { requestId: randomUUID() } : {};
          const answer = await callers[door](method, { ...id, ...body });
          expect(answer.code).to.equal("not_found");
          expect(answer.reason).to.equal(reason);
        }
        expect([await versionOf(ORGANIZATION), await versionOf(OTHER)]).to.deep.equal(before);
      });
    }
  }

  function refusesByRule(door: Door): void {
    it(`${door}: R-REQ-2: the same request id with another body is refused by every mutation`, async () => {
      const requestId = randomUUID();
      const charge = { organizationId: ORGANIZATION, requestId, amountMicros: "3" };
      expect((await callers[door](CREDIT.chargeCredits, charge)).code).to.equal("ok");
      const before = await versionOf(ORGANIZATION);
      const mutations = methods().filter(({ input }) => input.field.requestId && input.field.organizationId);
      for (const method of mutations) {
        const answer = await callers[door](method, { ...good(method), requestId });
        expect(answer.code, method.name).to.equal("already_exists");
        expect(answer.reason, method.name).to.equal("REQUEST_ID_REUSED");
        expect(answer.metadata.request_id, method.name).to.equal(requestId);
      }
      expect(await versionOf(ORGANIZATION)).to.equal(before);
    });

    it(`${door} CreateGrant: times that have passed, and expiry rules of the kinds, are refused`, async () => {
      const before = await versionOf(ORGANIZATION);
      const grant = { ...good(GRANT.createGrant), reference: "payment:bad" };
      const bad: readonly Json[] = [
        { ...grant, kind: "GRANT_KIND_PROMOTIONAL", expireTime: "2020-01-01T00:00:00Z" },
        { ...grant, kind: "GRANT_KIND_SUBSCRIPTION" },
        { ...grant, kind: "GRANT_KIND_PURCHASED", expireTime: "2099-01-01T00:00:00Z" },
        { ...grant, amountMicros: "0" },
      ];
      for (const request of bad) {
        const answer = await callers[door](GRANT.createGrant, { ...request, requestId: randomUUID() });
        expect(answer.code).to.equal("invalid_argument");
        expect(answer.reason).to.equal("INVALID_REQUEST");
      }
      expect(await versionOf(ORGANIZATION)).to.equal(before);
    });

    it(`${door} ApplyBatch: a bad operation fails alone, with the error that its call would give`, async () => {
      const reserve = good(CREDIT.reserveCredits);
      const operations = [
        { reserve: { ...reserve, requestId: randomUUID() } },
        { reserve: { ...reserve, requestId: "no" } },
        {
          charge: { ...good(CREDIT.chargeCredits), requestId: randomUUID(), amountMicros: "999999999999999" },
        },
        {},
        { release: { organizationId: ORGANIZATION, requestId: randomUUID(), reservationId: randomUUID() } },
      ];
      const { body } = await callers[door](CREDIT.applyBatch, { operations });
      const { results } = body as { results: { error?: { details: { reason?: string }[] } }[] };
      const reasons = results.map(({ error }) => error?.details.find(({ reason }) => reason)?.reason ?? "ok");
      const expected = [
        "ok",
        "INVALID_REQUEST",
        "INSUFFICIENT_CREDITS",
        "INVALID_REQUEST",
        "RESERVATION_NOT_FOUND",
      ];
      expect(reasons).to.deep.equal(expected);
    });
  }

  /** A request that would be accepted. */
  function good({ input }: DescMethodUnary): Json {
    const all: Json = {
      organizationId: ORGANIZATION,
      requestId: randomUUID(),
      reservationId: ids.reservationId,
      grantId: ids.grantId,
      runId: "run-1",
      amountMicros: "7",
      timeToLive: "60s",
      version: "1",
      order: "RUN_ORDER_DEAREST_FIRST",
      startTime: "2026-01-01T00:00:00Z",
      endTime: "2026-02-01T00:00:00Z",
      groupBy: ["USAGE_DIMENSION_AGENT"],
      kind: input.name === "CheckLimitRequest" ? "LIMIT_KIND_MEMBERS" : "GRANT_KIND_PROMOTIONAL",
      planId: "pro",
      billingPeriod: "BILLING_PERIOD_MONTHLY",
      reference: `gift:${randomUUID()}`,
      items: [{ amountMicros: "1" }],
      operations: [{ reserve: { organizationId: ORGANIZATION, requestId: randomUUID(), amountMicros: "1" } }],
    };
    const names = new Set(input.fields.map(({ jsonName }) => jsonName));
    const optional = input.name.startsWith("List") ? ["runId", "startTime", "endTime"] : [];
    return Object.fromEntries(
      Object.entries(all).filter(([name]) => names.has(name) && !optional.includes(name)),
    );
  }

  function unknownIds(): readonly [DescMethodUnary, () => readonly Json[], string][] {
    const unknown = randomUUID();
    const organizationId = ORGANIZATION;
    const reservations =
      (more: Json = {}) =>
      () =>
        [unknown, ids.others].map((reservationId) => ({ organizationId, reservationId, ...more }));
    const grants = () => [unknown, ids.othersGrant].map((grantId) => ({ organizationId, grantId }));
    const nobody =
      (more: Json = {}) =>
      () => [{ organizationId: "nobody", ...more }];
    return [
      [CREDIT.getReservation, reservations(), "RESERVATION_NOT_FOUND"],
      [CREDIT.settleReservation, reservations({ amountMicros: "1" }), "RESERVATION_NOT_FOUND"],
      [CREDIT.releaseReservation, reservations(), "RESERVATION_NOT_FOUND"],
      [CREDIT.extendReservation, reservations({ timeToLive: "60s" }), "RESERVATION_NOT_FOUND"],
      [GRANT.getGrant, grants, "GRANT_NOT_FOUND"],
      [GRANT.voidGrant, grants, "GRANT_NOT_FOUND"],
      [CREDIT.getTransaction, () => [{ organizationId, version: "1000000" }], "TRANSACTION_NOT_FOUND"],
      [USAGE.getRun, () => [{ organizationId, runId: "run-0" }], "RUN_NOT_FOUND"],
      [USAGE.getRun, nobody({ runId: "run-1" }), "ORGANIZATION_NOT_FOUND"],
      [USAGE.listRuns, nobody({ order: "RUN_ORDER_NEWEST_FIRST" }), "ORGANIZATION_NOT_FOUND"],
      [USAGE.explainTransaction, () => [{ organizationId, version: "1000000" }], "TRANSACTION_NOT_FOUND"],
      [USAGE.explainTransaction, nobody({ version: "1" }), "ORGANIZATION_NOT_FOUND"],
      [USAGE.queryUsage, nobody(YEAR), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.getBalance, nobody(), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.listReservations, nobody(), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.listTransactions, nobody(), "ORGANIZATION_NOT_FOUND"],
      [GRANT.listGrants, nobody(), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.reserveCredits, nobody({ amountMicros: "1" }), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.chargeCredits, nobody({ amountMicros: "1" }), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.releaseRun, nobody({ runId: "run-1" }), "ORGANIZATION_NOT_FOUND"],
      [CREDIT.batchReserveCredits, nobody({ items: [{ amountMicros: "1" }] }), "ORGANIZATION_NOT_FOUND"],
    ];
  }

  async function open(organizationId: string) {
    const grant = {
      organizationId,
      requestId: randomUUID(),
      kind: "GRANT_KIND_PURCHASED",
      reference: "payment:1",
    };
    const granted = await callers.Connect(GRANT.createGrant, { ...grant, amountMicros: "1000000" });
    const reserve = { organizationId, requestId: randomUUID(), amountMicros: "10" };
    const reserved = await callers.Connect(CREDIT.reserveCredits, reserve);
    const { grant: made } = granted.body as { grant: { grantId: string } };
    const { reservation } = reserved.body as { reservation: { reservationId: string } };
    return { grantId: made.grantId, reservationId: reservation.reservationId };
  }

  async function versionOf(organizationId: string): Promise<string> {
    const { body } = await callers.Connect(CREDIT.getBalance, { organizationId });
    return (body as { balance: { version: string } }).balance.version;
  }
});

type Door = "gRPC" | "Connect";

function methods(): readonly DescMethodUnary[] {
  const all: readonly DescMethod[] = [
    ...CreditService.methods,
    ...GrantService.methods,
    ...SubscriptionService.methods,
    ...UsageService.methods,
  ];
  return all.filter((method): method is DescMethod & DescMethodUnary => method.methodKind === "unary");
}

function lastNames(fields: readonly string[]): readonly string[] {
  return fields.map((field) => field.split(".").at(-1) ?? "");
}
