import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect } from "chai";
import { RunOrder } from "../../gen/pleyor/credits/v1/usage_pb.ts";
import { type CreditClient, refusalOf } from "../../src/client/client.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { clientOf, DOORS, openOrganization } from "../support/priced-service.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const DAY_MS = 86_400_000;

/** What it waits for is a lock, so that it is as slow as it is asked to be, on every machine. */
for (const door of DOORS) {
  describe(`R-HIST-3: a question about usage that takes too long, by the ${door} door`, () => {
    let service: RunningService;
    let client: CreditClient;
    let organizationId: string;

    before(async () => {
      service = await startService({ PLEYOR_USAGE_STATEMENT_TIMEOUT_MS: "100" });
      client = clientOf(service, door);
      organizationId = await openOrganization(client);
      const context = { runId: "run-1", agentId: "artist" };
      await client.credits.chargeCredits({
        organizationId,
        cost: { case: "amountMicros", value: 5n },
        context,
      });
    });

    after(async () => {
      client.close();
      await service.stop();
    });

    const questions: Readonly<Record<string, () => Promise<unknown>>> = {
      GetRun: () => client.usage.getRun({ organizationId, runId: "run-1" }),
      ListRuns: () => client.usage.listRuns({ organizationId, order: RunOrder.DEAREST_FIRST }),
      QueryUsage: () =>
        client.usage.queryUsage({
          organizationId,
          startTime: timestampFromDate(new Date(Date.now() - DAY_MS)),
          endTime: timestampFromDate(new Date(Date.now() + DAY_MS)),
        }),
    };
    for (const [name, ask] of Object.entries(questions)) {
      it(`${name} is refused, QUERY_TOO_SLOW, without a time to try again; and answers once it can`, async () => {
        const release = await lockSummaries();
        const started = performance.now();
        const refusal = await ask().then(() => undefined, refusalOf);
        const tookMs = performance.now() - started;
        await release();
        expect(refusal).to.include({ reason: "QUERY_TOO_SLOW", code: Code.ResourceExhausted });
        expect(refusal).not.to.have.property("retryDelayMs");
        expect(refusal?.message).to.include("shorter time range");
        // The client would have waited out its 20 s with attempts, had it been told to.
        expect(tookMs).to.be.below(5_000);
        await ask();
      });
    }

    it("what is not about usage is answered meanwhile", async () => {
      const release = await lockSummaries();
      const { balance } = await client.credits.getBalance({ organizationId });
      await release();
      expect(balance?.organizationId).to.equal(organizationId);
    });

    /** Gives what lets them go again. */
    async function lockSummaries(): Promise<() => Promise<void>> {
      const session = createSession({ connectionString: service.databaseUrl });
      await session.connect();
      await session.query("begin");
      await session.query("lock table usage_runs, usage_summaries in access exclusive mode");
      return async () => {
        await session.query("rollback");
        await session.end();
      };
    }
  });
}
