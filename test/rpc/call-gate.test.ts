import { type Client, Code, createClient } from "@connectrpc/connect";
import { expect } from "chai";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { AlertService } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { CallGate, isMutation, type Pressure } from "../../src/rpc/call-gate.ts";
import { ACCOUNT, ORGANIZATION } from "../support/scripted-ledger.ts";
import { DoorsUnderTest, WAYS_IN } from "./doors-under-test.ts";
import { errorOf, reasonOf } from "./refused-call.ts";

const LOOK_MS = 20;
/** Longer than what the gate looks at. */
const BUSY_MS = 60;

/** A server under arrivals, as the gate sees it, at the pace of its looks. */
class Arrivals {
  readonly gate = new CallGate();
  passed = 0;
  #now = 0;
  #taken = 0;
  #refused = 0;

  /** So many calls come in each millisecond, of which the lanes take so many. */
  run(durationMs: number, { perMs, takenPerMs, utilization = 1, cpuShare = 1, lagMs = 0 }: Load): void {
    this.passed = 0;
    for (const end = this.#now + durationMs; this.#now < end; this.#now += 1) {
      if (this.#now % LOOK_MS === 0) this.#look({ utilization, cpuShare, lagMs });
      let takenNow = 0;
      for (let call = 0; call < perMs; call += 1) {
        if (this.gate.refuses(this.#now)) continue;
        this.passed += 1;
        if (takenNow < takenPerMs) takenNow += 1;
        else this.#refused += 1;
      }
      this.#taken += takenNow;
    }
  }

  #look(busy: Pick<Pressure, "utilization" | "cpuShare" | "lagMs">): void {
    this.gate.look({ now: this.#now, taken: this.#taken, refused: this.#refused, ...busy });
  }
}

type Load = Readonly<{
  perMs: number;
  takenPerMs: number;
  utilization?: number;
  cpuShare?: number;
  lagMs?: number;
}>;

describe("the gate", () => {
  it("is open while the lanes take all, however busy the server is", () => {
    const arrivals = new Arrivals();
    arrivals.run(1_000, { perMs: 10, takenPerMs: 10 });
    expect([arrivals.gate.closed, arrivals.passed]).to.deep.equal([false, 10_000]);
  });

  it("is open while the server has time: then the lanes refuse whose turn it is not", () => {
    const arrivals = new Arrivals();
    arrivals.run(1_000, { perMs: 10, takenPerMs: 5, utilization: 0.3 });
    expect([arrivals.gate.closed, arrivals.passed]).to.deep.equal([false, 10_000]);
  });

  it("lets through a little more than the lanes take, once they refuse some", () => {
    const arrivals = new Arrivals();
    arrivals.run(500, { perMs: 10, takenPerMs: 5 });
    arrivals.run(1_000, { perMs: 10, takenPerMs: 5 });
    expect(arrivals.passed).to.be.within(5_000, 6_500);
  });

  it("follows lanes that take more, and lanes that take less", () => {
    const arrivals = new Arrivals();
    arrivals.run(500, { perMs: 10, takenPerMs: 2 });
    arrivals.run(2_500, { perMs: 10, takenPerMs: 8 });
    arrivals.run(500, { perMs: 10, takenPerMs: 8 });
    expect(arrivals.passed).to.be.within(3_800, 5_000);
    arrivals.run(1_500, { perMs: 10, takenPerMs: 2 });
    arrivals.run(500, { perMs: 10, takenPerMs: 2 });
    expect(arrivals.passed).to.be.within(1_000, 1_500);
  });

  it("opens once it has refused nothing for a while", () => {
    const arrivals = new Arrivals();
    arrivals.run(500, { perMs: 10, takenPerMs: 5 });
    arrivals.run(3_000, { perMs: 1, takenPerMs: 5 });
    expect(arrivals.gate.closed).to.equal(false);
  });

  it("refuses also where nothing reaches the lanes in time, because there is more to read than can be", () => {
    const arrivals = new Arrivals();
    arrivals.run(500, { perMs: 10, takenPerMs: 10, lagMs: 300 });
    expect(arrivals.gate.closed).to.equal(true);
  });

  it("is open where it is others that take the machine's time", () => {
    const arrivals = new Arrivals();
    arrivals.run(500, { perMs: 10, takenPerMs: 10, lagMs: 300, cpuShare: 0.3 });
    expect(arrivals.gate.closed).to.equal(false);
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

    beforeEach(async () => {
      // The lanes take one call between two looks, and refuse ten.
      let looks = 0;
      const read = () => {
        looks += 1;
        return { taken: looks, refused: 10 * looks };
      };
      doors = await new DoorsUnderTest({}, { read, refusedBefore: () => undefined }).open();
      credits = createClient(CreditService, doors.transport(way));
    });
    afterEach(() => doors.close());

    it("refuses changes before they are read, says when to try again, and answers all else", async () => {
      doors.ledger.script({ getBalance: () => ({ value: ACCOUNT }) });
      const health = createClient(Health, doors.transport(way));
      const error = await overloaded();
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

    /** The request is none that would be accepted: where it was read, that is what it is refused for. */
    async function overloaded() {
      for (;;) {
        await keepBusy();
        const errors = await Promise.all(
          Array.from({ length: 10 }, () => errorOf(credits.reserveCredits({ organizationId: ORGANIZATION }))),
        );
        const found = errors.find(({ code }) => code !== Code.InvalidArgument);
        if (found) return found;
      }
    }
  });
}

/** So that the server, in this process too, has no time left. */
async function keepBusy(): Promise<void> {
  for (const end = performance.now() + BUSY_MS; performance.now() < end; )
    await new Promise((resolve) => setImmediate(resolve));
}
