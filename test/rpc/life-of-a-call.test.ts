import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ServiceError } from "../../src/service/service-error.ts";
import { ORGANIZATION, RECEIPT, REQUEST_ID } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

const REQUEST = {
  organizationId: ORGANIZATION,
  requestId: REQUEST_ID,
  cost: { case: "amountMicros", value: 1n },
} as const;
const CALL_MS_MAX = 150;

for (const way of WAYS_IN) {
  describe(`the life of a call by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;
    /** The signal that the ledger was given by the call under test, once it was called. */
    let given: Promise<AbortSignal>;

    before(async () => {
      doors = await new DoorsUnderTest({ callDeadlineMsMax: CALL_MS_MAX }).open();
      credits = createClient(CreditService, doors.transport(way));
    });
    after(() => doors.close());
    beforeEach(() => {
      const { promise, resolve } = Promise.withResolvers<AbortSignal>();
      given = promise;
      doors.logLines.length = 0;
      // A ledger that never answers, whatever happens.
      doors.ledger.script({
        apply: (_, signal) => {
          resolve(signal);
          return new Promise(() => undefined);
        },
      });
    });

    it("ends at the longest that a call may take, even if the ledger never answers", async () => {
      const error = await errorOf(credits.reserveCredits(REQUEST));
      expect(error.code).to.equal(Code.DeadlineExceeded);
      expect(reasonOf(error)).to.equal("DEADLINE_EXCEEDED");
      expect(faultOf(await given)).to.equal("DEADLINE_EXCEEDED");
    });

    it("ends at the caller's deadline if that is earlier, and tells the ledger so", async () => {
      const startedAt = performance.now();
      const error = await errorOf(credits.reserveCredits(REQUEST, { timeoutMs: 40 }));
      expect(error.code).to.equal(Code.DeadlineExceeded);
      expect(performance.now() - startedAt).to.be.lessThan(CALL_MS_MAX);
      // The caller's clock began before ours: what arrives first is the deadline here or its cancellation there.
      const fault = await abortOf(await given);
      expect(fault).to.be.oneOf(["DEADLINE_EXCEEDED", "CANCELLED"]);
      await until(() => endsOf(doors).length > 0);
      expect(endsOf(doors)).to.deep.equal([[fault, fault]]);
    });

    it("ends when the caller cancels, and tells the ledger so", async () => {
      const canceller = new AbortController();
      const call = errorOf(credits.reserveCredits(REQUEST, { signal: canceller.signal }));
      const signal = await given;
      canceller.abort();
      expect((await call).code).to.equal(Code.Canceled);
      expect(await abortOf(signal)).to.equal("CANCELLED");
      await until(() => endsOf(doors).length > 0);
      expect(endsOf(doors)).to.deep.equal([["CANCELLED", "CANCELLED"]]);
    });

    it("leaves the signal alone once it has answered", async () => {
      const { promise, resolve } = Promise.withResolvers<AbortSignal>();
      doors.ledger.script({
        apply: (_, signal) => {
          resolve(signal);
          return { value: RECEIPT };
        },
      });
      await credits.reserveCredits(REQUEST);
      const signal = await promise;
      await until(() => endsOf(doors).length > 0);
      expect(endsOf(doors)).to.deep.equal([["OK", undefined]]);
      expect(signal.aborted).to.equal(false);
    });
  });
}

function faultOf(signal: AbortSignal): string {
  return signal.reason instanceof ServiceError ? signal.reason.fault : String(signal.reason);
}

async function abortOf(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return faultOf(signal);
}

/** How calls ended, as the log has it: code and reason of each. */
function endsOf({ logLines }: DoorsUnderTest): unknown[] {
  const lines = logLines.map((line): Record<string, unknown> => JSON.parse(line));
  return lines.filter(({ msg }) => msg === "call ended").map(({ code, reason }) => [code, reason]);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
