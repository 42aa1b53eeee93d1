import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { AlertService } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { CallGate, isMutation } from "../../src/rpc/call-gate.ts";
import { ACCOUNT, ORGANIZATION } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

describe("the gate", () => {
  it("is open while no lane is full", () => {
    const gate = new CallGate(() => false);
    expect(Array.from({ length: 100 }, () => gate.refuses())).not.to.include(true);
  });

  it("refuses while one is, but for a few that the lanes may take", () => {
    let full = true;
    const gate = new CallGate(() => full);
    expect(Array.from({ length: 800 }, () => gate.refuses()).filter((refused) => !refused)).to.have.length(
      100,
    );
    full = false;
    expect(gate.refuses()).to.equal(false);
  });

  it("stands before what changes an organization, and before nothing else", () => {
    const { reserveCredits, applyBatch, getBalance, watchBalance } = CreditService.method;
    const { setAlertThresholds } = AlertService.method;
    const mutations = [reserveCredits, applyBatch, GrantService.method.createGrant, setAlertThresholds];
    expect(mutations.map(isMutation)).to.deep.equal([true, true, true, true]);
    const others = [getBalance, watchBalance, PricingService.method.publishRateCard, Health.method.check];
    expect(others.map(isMutation)).to.deep.equal([false, false, false, false]);
  });
});

for (const way of WAYS_IN) {
  describe(`more calls than can be taken, by the ${way}`, () => {
    let doors: DoorsUnderTest;
    let credits: Client<typeof CreditService>;
    let told = 0;

    beforeEach(async () => {
      told = 0;
      const refusedBefore = () => {
        told += 1;
      };
      doors = await new DoorsUnderTest({}, { isFull: () => true, refusedBefore }).open();
      credits = createClient(CreditService, doors.transport(way));
    });
    afterEach(() => doors.close());

    it("refuses changes before they are read, says when to try again, and answers all else", async () => {
      doors.ledger.script({ getBalance: () => ({ value: ACCOUNT }) });
      const health = createClient(Health, doors.transport(way));
      // The request is none that would be accepted: where it was read, that is what it is refused for.
      const error = await errorOf(credits.reserveCredits({ organizationId: ORGANIZATION }));
      expect(told, "the lanes are told of it").to.equal(1);
      expect([error.code, reasonOf(error)]).to.deep.equal([Code.ResourceExhausted, "OVERLOADED"]);
      expect(error.findDetails(RetryInfoSchema)).to.have.length(1);
      expect(error.rawMessage).to.match(
        /^more calls are waiting than can be answered in time; nothing was done/,
      );
      expect((await credits.getBalance({ organizationId: ORGANIZATION })).balance?.version).to.equal(7n);
      await health.check({});
      const metrics = await (await fetch(`${doors.httpUrl}/metrics`)).text();
      expect(metrics).to.match(/CreditService\/ReserveCredits",door="\w+",code="RESOURCE_EXHAUSTED"\} \d/);
    });
  });
}
