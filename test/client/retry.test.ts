import { randomUUID } from "node:crypto";
import { create, isMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "chai";
import { validate, version } from "uuid";
import {
  ApplyBatchRequestSchema,
  type ReserveCreditsRequest,
  ReserveCreditsRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import {
  type CreditClient,
  type CreditClientOptions,
  createCreditClient,
  type Retry,
} from "../../src/client/client.ts";
import { DOORS, ScriptedService } from "./scripted-service.ts";
import { serviceError } from "./service-error.ts";

const DRAINING = serviceError({ code: Code.Unavailable, reason: "DRAINING" });
const RESERVE = { organizationId: "acme", cost: { case: "amountMicros", value: 2_500_000n } } as const;
/** Fast enough for tests; the real pauses are bounded in retry-policy.test.ts. */
const POLICY = { attemptsMax: 4, attemptTimeoutMs: 5_000, backoffMs: 1, backoffMsMax: 4 };

for (const door of DOORS) {
  describe(`the client's retries by ${door}`, () => {
    let service: ScriptedService;
    let client: CreditClient;
    let retries: Retry[];

    function connect(options: Partial<Pick<CreditClientOptions, "timeoutMs" | "retry">> = {}): CreditClient {
      client?.close();
      client = createCreditClient({
        ...service.clientOptions,
        ...options,
        retry: { ...POLICY, ...options.retry },
        onRetry: (retry) => retries.push(retry),
      });
      return client;
    }

    beforeEach(async () => {
      service = await ScriptedService.start(door);
      retries = [];
      connect();
    });

    afterEach(async () => {
      client.close();
      await service.stop();
    });

    const AGAIN: readonly (readonly [title: string, first: ScriptedService["script"]])[] = [
      ["while the service is about to stop", [DRAINING, DRAINING]],
      [
        "while the service is overloaded",
        [serviceError({ code: Code.ResourceExhausted, reason: "OVERLOADED", retryDelayMs: 1 })],
      ],
      ["after the connection broke with the request received", ["cut", "cut"]],
      [
        "after the service's own deadline",
        [serviceError({ code: Code.DeadlineExceeded, reason: "DEADLINE_EXCEEDED" })],
      ],
      ["after something in between failed", [new ConnectError("upstream reset", Code.Internal)]],
    ];
    for (const [title, first] of AGAIN) {
      it(`sends a call again under the same request id ${title}`, async () => {
        service.script = [...first, "answer"];
        await client.credits.reserveCredits(RESERVE);
        const ids = reserveRequests(service).map(({ requestId }) => requestId);
        expect(ids).to.have.length(first.length + 1);
        expect(new Set(ids).size).to.equal(1);
        expect(validate(ids[0]) && version(ids[0] ?? "")).to.equal(7);
        expect(retries.map(({ attempt }) => attempt)).to.deep.equal(first.map((_, index) => index + 1));
      });
    }

    it("gives an attempt that hangs up, and makes another", async () => {
      // The attempt that is answered has no longer either, and on a busy machine may need some of it.
      connect({ retry: { attemptTimeoutMs: 1_000 } });
      service.script = ["hang", "answer"];
      await client.credits.reserveCredits(RESERVE);
      expect(new Set(reserveRequests(service).map(({ requestId }) => requestId)).size).to.equal(1);
      expect(retries.map(({ error }) => error.code)).to.deep.equal([Code.DeadlineExceeded]);
    });

    it("sends reads again too", async () => {
      service.script = [DRAINING, "cut", "answer"];
      await client.credits.getBalance({ organizationId: "acme" });
      expect(service.requests).to.have.length(3);
    });

    const FINAL: readonly ConnectError[] = [
      serviceError({ code: Code.FailedPrecondition, reason: "INSUFFICIENT_CREDITS" }),
      serviceError({ code: Code.NotFound, reason: "ORGANIZATION_NOT_FOUND" }),
      serviceError({ code: Code.AlreadyExists, reason: "REQUEST_ID_REUSED" }),
      serviceError({ code: Code.InvalidArgument, reason: "INVALID_REQUEST" }),
      serviceError({ code: Code.Internal, reason: "INTERNAL" }),
      serviceError({ code: Code.Canceled, reason: "CANCELLED" }),
      serviceError({ code: Code.InvalidArgument, reason: "MESSAGE_TOO_LARGE" }),
      new ConnectError("no such method", Code.Unimplemented),
      new ConnectError("larger than a library allows", Code.ResourceExhausted),
    ];
    for (const refusal of FINAL) {
      it(`never sends again what was refused: ${refusal.message}`, async () => {
        service.script = [refusal];
        const error = await failure(client.credits.reserveCredits(RESERVE));
        expect(error.message).to.equal(refusal.message);
        expect(service.requests).to.have.length(1);
      });
    }

    it("waits at least as long as the service asks", async () => {
      service.script = [
        serviceError({ code: Code.Unavailable, reason: "DRAINING", retryDelayMs: 40 }),
        "answer",
      ];
      await client.credits.reserveCredits(RESERVE);
      expect(retries[0]?.pauseMs).to.be.within(40, 41);
    });

    it("gives up with the service's error if that is longer than the call's deadline", async () => {
      service.script = [serviceError({ code: Code.Unavailable, reason: "DRAINING", retryDelayMs: 60_000 })];
      const error = await failure(client.credits.reserveCredits(RESERVE, { timeoutMs: 5_000 }));
      expect(error.code).to.equal(Code.Unavailable);
      expect(service.requests).to.have.length(1);
    });

    it("gives up after the last attempt, with the last error", async () => {
      service.script = [DRAINING];
      const error = await failure(client.credits.reserveCredits(RESERVE));
      expect(error.rawMessage).to.equal("sample DRAINING");
      expect(service.requests).to.have.length(POLICY.attemptsMax);
    });

    it("keeps the call's deadline over all attempts", async () => {
      connect({ retry: { attemptTimeoutMs: 60, attemptsMax: 100 }, timeoutMs: 250 });
      service.script = ["hang"];
      const start = performance.now();
      const error = await failure(client.credits.reserveCredits(RESERVE));
      expect(error.code).to.equal(Code.DeadlineExceeded);
      expect(performance.now() - start).to.be.within(200, 1_000);
      expect(service.requests.length).to.be.within(2, 6);
    });

    it("ends at once when the caller aborts, in flight or in a pause", async () => {
      const sent = (id: string) =>
        service.requests.filter((request) => "requestId" in request && request.requestId === id).length;
      const [inFlight, inPause] = [randomUUID(), randomUUID()];
      // Until it has come, nothing is in flight; on a busy machine that takes a while.
      const abortOnceSent = (id: string, afterMs: number) => {
        const abort = new AbortController();
        const look = setInterval(() => {
          if (sent(id) === 0) return;
          clearInterval(look);
          setTimeout(() => abort.abort(), afterMs);
        }, 5);
        return { signal: abort.signal, timeoutMs: 120_000 };
      };
      service.script = ["hang"];
      const hanging = client.credits.reserveCredits(
        { ...RESERVE, requestId: inFlight },
        abortOnceSent(inFlight, 0),
      );
      expect((await failure(hanging)).code).to.equal(Code.Canceled);
      connect({ retry: { backoffMs: 60_000, backoffMsMax: 60_000 } });
      service.script = [DRAINING];
      const pausing = client.credits.reserveCredits(
        { ...RESERVE, requestId: inPause },
        abortOnceSent(inPause, 100),
      );
      expect((await failure(pausing)).code).to.equal(Code.Canceled);
      expect([sent(inFlight), sent(inPause)]).to.deep.equal([1, 1]);
    });

    it("fails the calls in flight when it is closed", async () => {
      service.script = ["hang"];
      const call = failure(client.credits.reserveCredits(RESERVE));
      setTimeout(() => client.close(), 50);
      expect((await call).rawMessage).to.equal("the client is closed");
      expect((await failure(client.credits.reserveCredits(RESERVE))).rawMessage).to.equal(
        "the client is closed",
      );
    });

    it("keeps the caller's request id, and makes one for each operation of a batch", async () => {
      const requestId = "6f1c2f0e-7f0b-4c57-9a55-0d4f6f6f2a11";
      const reserve = create(ReserveCreditsRequestSchema, RESERVE);
      const value = { ...RESERVE, requestId };
      service.script = ["cut", "answer"];
      await client.credits.applyBatch({
        operations: [
          { operation: { case: "reserve", value } },
          { operation: { case: "reserve", value: reserve } },
          { operation: { case: "reserve", value: reserve } },
        ],
      });
      const [first, second] = service.requests.map(batchIds);
      expect(first).to.deep.equal(second);
      expect(first?.[0]).to.equal(requestId);
      expect(new Set(first).size).to.equal(3);
      expect(reserve.requestId, "the caller's own message stays as it was").to.equal("");
    });
  });
}

function reserveRequests({ requests }: ScriptedService): ReserveCreditsRequest[] {
  return requests.filter((request) => isMessage(request, ReserveCreditsRequestSchema));
}

function batchIds(request: unknown): string[] {
  return isMessage(request, ApplyBatchRequestSchema)
    ? request.operations.map(({ operation }) => operation.value?.requestId ?? "")
    : [];
}

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ConnectError) {
      return error;
    }
    throw error;
  }
  throw new Error("The call succeeded");
}
