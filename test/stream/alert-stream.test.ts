import { expect } from "chai";
import { toAlertToken, toBalanceToken } from "../../src/stream/resume-token.ts";
import { StreamEnd } from "../../src/stream/stream-end.ts";
import { type Reader, StreamRig } from "./stream-rig.ts";

describe("R-WATCH-3: a stream of alerts", () => {
  let rig: StreamRig;

  beforeEach(() => {
    rig = new StreamRig();
    rig.source.commit("acme");
  });

  afterEach(async () => {
    await rig.stop();
    expect(rig.hub.watchers).to.equal(0);
  });

  async function lines(reader: Reader, count: number): Promise<readonly string[]> {
    const read: string[] = [];
    while (read.length < count) read.push(await reader.read());
    return read;
  }

  it("tells one organization's alerts in order, from now on or from the oldest", async () => {
    rig.source.alert("acme");
    const now = rig.alerts();
    const all = rig.alerts({ fromOldest: true });
    expect(await now.read()).to.equal("start FRESH");
    expect(await lines(all, 2)).to.deep.equal(["start FRESH", "alert acme 1"]);
    rig.source.alert("other");
    rig.source.commit("acme");
    rig.source.alert("acme");
    expect(await now.read()).to.equal("alert acme 2");
    expect(await all.read()).to.equal("alert acme 2");
  });

  it("tells those of all organizations, also of such as come later", async () => {
    const reader = rig.alerts({ organizationId: "" });
    expect(await reader.read()).to.equal("start FRESH");
    rig.source.alert("acme");
    rig.source.alert("new");
    rig.source.alert("acme");
    expect(await lines(reader, 3)).to.deep.equal(["alert acme 1", "alert new 1", "alert acme 2"]);
  });

  for (const organizationId of ["acme", ""]) {
    const whose = organizationId === "" ? "all organizations" : "one organization";

    it(`misses none while it is cut off, and repeats none after its token (${whose})`, async () => {
      const reader = rig.alerts({ organizationId });
      await reader.read();
      for (let alert = 0; alert < 300; alert += 1) rig.source.alert("acme");
      let resumed = reader;
      for (let alert = 1; alert <= 300; alert += 1) {
        if (alert % 7 === 0) {
          resumed.leave();
          resumed = rig.alerts({ organizationId, resumeToken: resumed.token() });
          expect(await resumed.read()).to.equal("start RESUMED");
        }
        expect(await resumed.read()).to.equal(`alert acme ${alert}`);
      }
    });

    it(`begins with the oldest that is kept, and says why, where it cannot go on (${whose})`, async () => {
      for (let alert = 0; alert < 5; alert += 1) rig.source.alert("acme");
      rig.source.keepLast(2);
      const begin = (databaseId: string, after: bigint) => {
        const resumeToken = toAlertToken(organizationId, { databaseId, after });
        return lines(rig.alerts({ organizationId, resumeToken }), 2);
      };
      expect(await begin("elsewhere", 4n)).to.deep.equal(["start OTHER_DATABASE", "alert acme 4"]);
      expect(await begin("database", 6n)).to.deep.equal(["start OTHER_DATABASE", "alert acme 4"]);
      expect(await begin("database", 2n)).to.deep.equal(["start TOKEN_EXPIRED", "alert acme 4"]);
      expect(await begin("database", 3n)).to.deep.equal(["start RESUMED", "alert acme 4"]);
      expect(await begin("database", 4n)).to.deep.equal(["start RESUMED", "alert acme 5"]);
    });

    it(`beats while nothing happens, and ends with its token when the server drains (${whose})`, async () => {
      const reader = rig.alerts({ organizationId, heartbeatMs: 1 });
      expect(await lines(reader, 3)).to.deep.equal(["start FRESH", "heartbeat", "heartbeat"]);
      const quiet = rig.alerts({ organizationId });
      await quiet.read();
      const end = quiet.read().catch((error: unknown) => error);
      rig.hub.drain();
      expect(await end)
        .to.be.instanceOf(StreamEnd)
        .and.to.include({ resumeToken: quiet.token() });
    });
  }

  it("sees what another server numbered within the interval, without any hint", async () => {
    const readers = [rig.alerts(), rig.alerts({ organizationId: "" })];
    await Promise.all(readers.map(({ read }) => read()));
    rig.source.alert("acme", false);
    const told = await Promise.all(readers.map(({ read }) => read()));
    expect(told).to.deep.equal(["alert acme 1", "alert acme 1"]);
  });

  it("refuses tokens of another stream", async () => {
    const tokens = [
      toAlertToken("", { databaseId: "database", after: 0n }),
      toAlertToken("other", { databaseId: "database", after: 0n }),
      toBalanceToken("acme", { databaseId: "database", version: 1n, alertNumber: 0n }),
    ];
    for (const resumeToken of tokens) {
      const error = await rig
        .alerts({ resumeToken })
        .read()
        .catch((reason: Error) => reason.name);
      expect(error).to.equal("ResumeTokenError");
    }
  });
});
