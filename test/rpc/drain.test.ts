import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as State } from "../../gen/grpc/health/v1/health_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ACCOUNT, ORGANIZATION } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

const LONG_MS = 10_000;

for (const way of WAYS_IN) {
  describe(`health and draining by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;
    let health: Client<typeof Health>;

    beforeEach(async () => {
      doors = await new DoorsUnderTest().open();
      credits = createClient(CreditService, doors.transport(way));
      health = createClient(Health, doors.transport(way));
    });
    afterEach(() => doors.close());

    it("is serving, as a whole and each service, and knows no other", async () => {
      const names = [
        "credits.v1.CreditService",
        "credits.v1.GrantService",
        "credits.v1.SubscriptionService",
        "credits.v1.AlertService",
        "credits.v1.UsageService",
        "credits.v1.AdminService",
        "pricing.v1.PricingService",
      ];
      for (const service of ["", ...names.map((name) => `pleyor.${name}`)]) {
        expect((await health.check({ service })).status, service).to.equal(State.SERVING);
      }
      expect((await errorOf(health.check({ service: "unknown" }))).code).to.equal(Code.NotFound);
      expect(Object.keys((await health.list({})).statuses)).to.have.length(names.length + 1);
    });

    it("refuses new calls while those in flight end, and says that it is not serving", async () => {
      const answer = Promise.withResolvers<unknown>();
      const asked = Promise.withResolvers<void>();
      doors.ledger.script({
        getBalance: () => {
          asked.resolve();
          return answer.promise;
        },
      });
      const inFlight = credits.getBalance({ organizationId: ORGANIZATION });
      await asked.promise;
      const drained = doors.drain(LONG_MS);
      const error = await errorOf(credits.getBalance({ organizationId: ORGANIZATION }));
      expect([error.code, reasonOf(error)]).to.deep.equal([Code.Unavailable, "DRAINING"]);
      expect(error.findDetails(RetryInfoSchema)).to.have.length(1);
      expect((await health.check({})).status).to.equal(State.NOT_SERVING);
      expect((await fetch(`${doors.httpUrl}/healthz`)).status).to.equal(503);
      answer.resolve({ value: ACCOUNT });
      expect((await inFlight).balance?.version).to.equal(7n);
      expect(await drained).to.equal(0);
    });

    it("cuts off what does not end in time, without saying that nothing was done", async () => {
      const asked = Promise.withResolvers<void>();
      doors.ledger.script({
        getBalance: () => {
          asked.resolve();
          return new Promise(() => undefined);
        },
      });
      const stuck = errorOf(credits.getBalance({ organizationId: ORGANIZATION }));
      await asked.promise;
      expect(await doors.drain(10)).to.equal(1);
      const error = await stuck;
      expect([error.code, reasonOf(error)]).to.deep.equal([Code.Unavailable, "DATABASE_UNAVAILABLE"]);
    });

    it("tells who watches its health of the change, then ends the stream", async () => {
      const states: State[] = [];
      const error = await errorOf(
        (async () => {
          for await (const { status } of health.watch({})) {
            states.push(status);
            if (states.length === 1) void doors.drain(LONG_MS);
          }
        })(),
      );
      expect(states).to.deep.equal([State.SERVING, State.NOT_SERVING]);
      expect(error.code).to.equal(Code.Unavailable);
    });

    it("tells who watches an unknown service so, and forgets watchers that leave", async () => {
      const leaver = new AbortController();
      const states: State[] = [];
      const watch = health.watch({ service: "unknown" }, { signal: leaver.signal });
      const error = await errorOf(
        (async () => {
          for await (const { status } of watch) {
            states.push(status);
            leaver.abort();
          }
        })(),
      );
      expect(states).to.deep.equal([State.SERVICE_UNKNOWN]);
      expect(error.code).to.equal(Code.Canceled);
    });
  });
}
