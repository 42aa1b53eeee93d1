import { expect } from "chai";
import { simulateService } from "./service-simulation.ts";

describe("the simulator on the service", () => {
  it("R-REQ-4, R-PLAN-3, R-GRANT-6: agrees with the naive model on two servers, one of which is killed", async function () {
    // Servers are started five times.
    this.timeout(60_000);
    const run = await simulateService({ seed: 20_261_101, seeds: 3, operations: 60 });
    expect(run.failures).to.deep.equal([]);
    expect(run).to.deep.include({ steps: 180 });
    expect(run.restarts).to.be.greaterThan(0);
  });
});
