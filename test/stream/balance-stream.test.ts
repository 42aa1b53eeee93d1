import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { toAlertToken, toBalanceToken } from "../../src/stream/resume-token.ts";
import { StreamEnd } from "../../src/stream/stream-end.ts";
import { until } from "../service/support/until.ts";
import { StreamRig } from "./stream-rig.ts";

/** Longer than anything here takes that is to happen. */
const A_WHILE_MS = 80;

describe("R-WATCH-1: a stream of balances", () => {
  let rig: StreamRig;

  beforeEach(() => {
    rig = new StreamRig();
    rig.source.commit("acme");
  });

  afterEach(async () => {
    await rig.stop();
    expect(rig.hub.watchers).to.equal(0);
  });

  it("starts with a snapshot and goes on with the newest state: versions rise, and may be skipped", async () => {
    const reader = rig.balance();
    expect(await reader.read()).to.equal("snapshot 1 FRESH");
    rig.source.commit("acme");
    expect(await reader.read()).to.equal("changed 2");
    for (let change = 0; change < 100; change += 1) rig.source.commit("acme");
    expect(await reader.read()).to.equal("changed 102");
  });

  it("misses nothing and repeats nothing where a commit comes between the subscription and its first look", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await rig.balance().read();
    rig.source.gate = promise;
    const [early, late] = [rig.balance(), rig.balance()];
    const first = [early.read(), late.read()];
    await delay(1);
    rig.source.commit("acme");
    resolve();
    const told = await Promise.all(first);
    // The look that was under way has the old state, the next one the new state.
    expect(told).to.deep.equal(["snapshot 1 FRESH", "snapshot 2 FRESH"]);
    expect(await early.read()).to.equal("changed 2");
    rig.source.commit("acme");
    expect(await early.read()).to.equal("changed 3");
    expect(await late.read()).to.equal("changed 3");
  });

  it("looks twice at the most, however many subscribe at once", async () => {
    await rig.balance().read();
    const before = rig.source.loads;
    const readers = Array.from({ length: 500 }, () => rig.balance());
    await Promise.all(readers.map(({ read }) => read()));
    // The others are comparisons, which go on meanwhile.
    expect(rig.source.loads - before).to.be.at.most(2 + 10);
  });

  it("refuses an organization that is not open", async () => {
    const error = await rig
      .balance({ organizationId: "nobody" })
      .read()
      .catch((reason: Error) => reason.name);
    expect(error).to.equal("NotOpenError");
  });

  it("sees what another server committed by its hint, and within the interval without any", async () => {
    const reader = rig.balance();
    await reader.read();
    rig.source.commit("acme", false);
    rig.hub.hinted({ organizations: [["acme", 2n]], sequence: undefined, everything: false });
    expect(await reader.read()).to.equal("changed 2");
    rig.source.commit("acme", false);
    expect(await reader.read()).to.equal("changed 3");
  });

  it("goes on with a token, also on another server: what is new, or a heartbeat at once", async () => {
    const reader = rig.balance();
    await reader.read();
    const other = new StreamRig();
    other.source.commit("acme");
    expect(await other.balance({ resumeToken: reader.token() }).read()).to.equal("heartbeat");
    other.source.alert("acme");
    other.source.commit("acme");
    const resumed = other.balance({ resumeToken: reader.token() });
    expect([await resumed.read(), await resumed.read()]).to.deep.equal(["changed 3", "alert 1"]);
    await other.stop();
  });

  it("tells each alert, also those of states that it skipped, and from a token on between two of them", async () => {
    const reader = rig.balance();
    await reader.read();
    for (let alert = 0; alert < 250; alert += 1) rig.source.alert("acme");
    expect(await reader.read()).to.equal("changed 251");
    expect(await reader.read()).to.equal("alert 1");
    const resumed = rig.balance({ resumeToken: reader.token() });
    for (let alert = 2; alert <= 250; alert += 1) {
      expect(await reader.read()).to.equal(`alert ${alert}`);
      expect(await resumed.read()).to.equal(`alert ${alert}`);
    }
    rig.source.commit("acme");
    expect(await reader.read()).to.equal("changed 252");
  });

  it("begins anew, and says why, with a token of another database or one that is too old", async () => {
    const token = (databaseId: string, version: bigint, alertNumber: bigint) => {
      const resumeToken = toBalanceToken("acme", { databaseId, version, alertNumber });
      return rig.balance({ resumeToken }).read();
    };
    for (let alert = 0; alert < 5; alert += 1) rig.source.alert("acme");
    expect(await token("elsewhere", 1n, 0n)).to.equal("snapshot 6 OTHER_DATABASE");
    expect(await token("database", 7n, 5n)).to.equal("snapshot 6 OTHER_DATABASE");
    expect(await token("database", 6n, 6n)).to.equal("snapshot 6 OTHER_DATABASE");
    rig.source.keepLast(2);
    expect(await token("database", 3n, 2n)).to.equal("snapshot 6 TOKEN_EXPIRED");
    expect(await token("database", 4n, 3n)).to.equal("changed 6");
    rig.source.keepLast(0);
    expect(await token("database", 4n, 3n)).to.equal("snapshot 6 TOKEN_EXPIRED");
    expect(await token("database", 6n, 5n)).to.equal("heartbeat");
  });

  it("refuses tokens that are malformed, or of another organization or kind of stream", async () => {
    const position = { databaseId: "database", version: 1n, alertNumber: 0n };
    const text = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString("base64url");
    const tokens = [
      "x",
      "null",
      `${toBalanceToken("acme", position)}=`,
      toBalanceToken("other", position),
      toAlertToken("acme", { databaseId: "database", after: 0n }),
      text(["b1", "database", "acme", "1"]),
      text(["b1", "database", "acme", "1", "-1"]),
      text(["b1", "database", "acme", "1", "1e3"]),
      text(["b1", "database", "acme", 1, 0]),
      text(["b2", "database", "acme", "1", "0"]),
      text({ length: 5 }),
    ];
    for (const resumeToken of tokens) {
      const error = await rig
        .balance({ resumeToken })
        .read()
        .catch((reason: Error) => reason.name);
      expect(error, resumeToken).to.equal("ResumeTokenError");
    }
  });

  it("beats only after it has compared with the database", async () => {
    const reader = rig.balance({ heartbeatMs: 1 });
    await reader.read();
    expect(await reader.read()).to.equal("heartbeat");
    rig.source.fault = new Error("the database is away");
    await until(() => rig.errors.length > 1);
    const silent = reader.read();
    const first = await Promise.race([silent, delay(A_WHILE_MS, "silence")]);
    expect(first).to.equal("silence");
    rig.source.fault = undefined;
    expect(await silent).to.equal("heartbeat");
  });

  it("forgets a reader that leaves, also while it is blocked in a write", async () => {
    const reader = rig.balance();
    await reader.read();
    const blocked = rig.balance();
    await blocked.read();
    expect(rig.hub.watchers).to.equal(2);
    // Nobody asks for its next message: it is in the middle of writing one.
    blocked.leave();
    expect(rig.hub.watchers).to.equal(1);
    const waiting = reader.read().catch((reason: Error) => reason.message);
    reader.leave();
    expect(await waiting).to.equal("left");
    expect(rig.hub.watchers).to.equal(0);
  });

  it("R-WATCH-4: lets a reader go that takes nothing for long, with a token; the others are not disturbed", async () => {
    await rig.stop();
    rig = new StreamRig({ stalledMs: 50 });
    rig.source.commit("acme");
    const frozen = rig.balance();
    await frozen.read();
    const quick = rig.balance();
    await quick.read();
    for (let version = 2; rig.hub.watchers === 2; version += 1) {
      rig.source.commit("acme");
      expect(await quick.read()).to.equal(`changed ${version}`);
      await delay(5);
    }
    const end = await frozen.read().catch((error: unknown) => error);
    expect(end)
      .to.be.instanceOf(StreamEnd)
      .and.to.include({ reason: "STALLED", resumeToken: frozen.token() });
  });

  it("ends with a token when the server drains, before the first message with the one that was brought", async () => {
    const reader = rig.balance();
    await reader.read();
    rig.source.gate = Promise.withResolvers<void>().promise;
    const waiting = reader.read().catch((error: unknown) => error);
    rig.hub.drain();
    expect(await waiting).to.be.instanceOf(StreamEnd);
    expect(await waiting).to.include({ reason: "DRAINING", resumeToken: reader.token() });
    rig.source.gate = Promise.resolve();
  });
});
