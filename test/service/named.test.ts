import { expect } from "chai";
import type { Request } from "../../src/domain/ledger/command.ts";
import { namedBy } from "../../src/service/named.ts";

describe("what the requests of a batch name", () => {
  it("has a run once, however many release it: all that it ever reserved is looked through", () => {
    const releases = [
      ["acme", "run-1"],
      ["acme", "run-1"],
      ["other", "run-1"],
      ["acme", "run-2"],
    ] as const;
    const requests = releases.map(
      ([organizationId, runId], index): Request => ({
        organizationId,
        requestId: `0199c2a4-7d31-7a53-9c5e-00000000000${index}`,
        fingerprint: "",
        actor: "tester",
        command: { kind: "releaseRun", runId },
      }),
    );
    expect(namedBy(requests).runs).to.deep.equal([
      ["acme", "run-1"],
      ["other", "run-1"],
      ["acme", "run-2"],
    ]);
  });
});
