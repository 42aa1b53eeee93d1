import { expect } from "chai";
import type { SpendContext } from "../../../src/domain/ledger/spend-context.ts";
import { MINUTE, type Time } from "../../../src/domain/time.ts";
import { NO_COSTS } from "../../../src/domain/usage/run-costs.ts";
import { consumedMicros, NO_USAGE } from "../../../src/domain/usage/usage.ts";
import type { RunningLedger } from "../../../src/service/create-credit-ledger.ts";
import type { RunFilter, UsageQuery } from "../../../src/service/usage/usage-book.ts";
import { rollUp } from "../../../src/storage/usage/roll-up.ts";
import {
  accepted,
  chargeOf,
  grantOf,
  releaseOf,
  reservationIdOf,
  reserved,
  settleOf,
  valueIn,
} from "../support/asking.ts";
import { LedgerRig } from "../support/ledger-rig.ts";

const ALL: UsageQuery = {
  startTime: 0n,
  endTime: 10n ** 17n,
  groupBy: new Set(),
  groupByKind: false,
  bucket: undefined,
  filter: {},
  groupsMax: 50,
};
const NEWEST: RunFilter = {
  dearestFirst: false,
  startTime: undefined,
  endTime: undefined,
  agentId: undefined,
  workspaceId: undefined,
  memberId: undefined,
  parentRunId: undefined,
};
const DEAREST = { ...NEWEST, dearestFirst: true };
const FIRST_PAGE = { size: 0, token: "" };

/** Each guarantee holds wherever the summaries end: at the start, in the middle, and at the end of history. */
for (const summedUp of [0, 5, 8, 1_000]) {
  describe(`R-HIST-3: usage, of which ${summedUp} transactions are summed up`, () => {
    const asking = { organizationId: "acme" };
    let rig: LedgerRig;
    let server: RunningLedger;

    before(async () => {
      rig = await LedgerRig.open();
      server = rig.serveAll();
      const { ledger } = server;
      await accepted(ledger, asking, grantOf(10_000n));
      const painted = { runId: "run-1", nodeId: "paint", modelId: "painter", agentId: "a", memberId: "m" };
      const first = await reserved(ledger, asking, 100n, { context: painted });
      await accepted(ledger, asking, settleOf(first, 70n));
      await accepted(
        ledger,
        asking,
        chargeOf(5n, { context: { ...painted, nodeId: "check", modelId: "critic" } }),
      );
      const child: SpendContext = { runId: "run-2", parentRunId: "run-1", agentId: "b", modelId: "painter" };
      await accepted(ledger, asking, chargeOf(40n, { context: child }));
      await accepted(ledger, asking, chargeOf(9n, { context: { runId: "run-3", parentRunId: "run-2" } }));
      const refund = {
        kind: "refundReservation",
        reservationId: first,
        amountMicros: 30n,
        reason: "",
      } as const;
      await accepted(ledger, asking, refund);
      await accepted(ledger, asking, releaseOf(await reserved(ledger, asking, 8n, { context: painted })));
      await reserved(ledger, asking, 11n, { context: painted });
      const loop = { runId: "run-1", parentRunId: "run-3", nodeId: "paint" };
      const over = reservationIdOf(await accepted(ledger, asking, chargeOf(2n, { context: loop })));
      expect(over).to.be.a("string");
      if (summedUp > 0) await rollUp(rig.orm, "acme", summedUp);
    });

    after(() => rig.close());

    it("GetRun tells a run's reservations by node and model, and with the runs that it started", async () => {
      const run = valueIn(await server.usage.getRun("acme", "run-1"));
      expect(run.own).to.deep.include({ reservations: 5n, held: 1n, released: 1n, calls: 3n, estimated: 0n });
      expect(run.own).to.deep.include({ reservedMicros: 119n, heldMicros: 11n, releasedMicros: 38n });
      expect(run.own).to.deep.include({ settledMicros: 77n, refundedMicros: 30n, debtMicros: 0n });
      expect(
        run.nodes.map(({ nodeId, costs }) => [nodeId, costs.settledMicros - costs.refundedMicros]),
      ).to.deep.equal([
        ["paint", 42n],
        ["check", 5n],
      ]);
      expect(run.models.map(({ modelId, costs }) => [modelId, costs.calls])).to.deep.equal([
        ["painter", 1n],
        ["critic", 1n],
        ["", 1n],
      ]);
      expect([run.otherNodes, run.otherModels]).to.deep.equal([undefined, undefined]);
      expect(run.descendants).to.deep.include({ calls: 2n, settledMicros: 49n });
      expect(run.total).to.deep.include({ calls: 5n, settledMicros: 126n, refundedMicros: 30n });
      expect([run.descendantCount, run.descendantsCut]).to.deep.equal([2, false]);
      expect(run.run).to.deep.include({
        agentId: "a",
        memberId: "m",
        parentRunId: "run-3",
        firstVersion: 2n,
      });
    });

    it("runs that name each other as parents are counted once each, from whichever one looks", async () => {
      for (const runId of ["run-1", "run-2", "run-3"]) {
        const run = valueIn(await server.usage.getRun("acme", runId));
        expect(run.total.settledMicros).to.equal(126n);
      }
    });

    it("GetRun of a run that only started others tells what those came to, and nothing of its own", async () => {
      const context = { runId: "child", parentRunId: "parent" };
      await accepted(server.ledger, { organizationId: "family" }, grantOf(10n));
      await accepted(server.ledger, { organizationId: "family" }, chargeOf(4n, { context }));
      const run = valueIn(await server.usage.getRun("family", "parent"));
      expect(run.run).to.deep.equal({ runId: "parent", sums: NO_USAGE });
      expect(run.own).to.deep.equal(NO_COSTS);
      expect([run.nodes, run.models, run.otherNodes, run.otherModels]).to.deep.equal([
        [],
        [],
        undefined,
        undefined,
      ]);
      expect(run.descendants).to.deep.include({ calls: 1n, settledMicros: 4n });
      expect(run.total).to.deep.equal(run.descendants);
      expect(run.descendantCount).to.equal(1);
    });

    it("GetRun of a run that never was is RUN_NOT_FOUND, also where it was released", async () => {
      await accepted(server.ledger, asking, { kind: "releaseRun", runId: "run-0" });
      expect(await server.usage.getRun("acme", "run-0")).to.deep.equal({
        refusal: { reason: "RUN_NOT_FOUND", organizationId: "acme", runId: "run-0" },
      });
    });

    it("ListRuns gives every run once over its pages, dearest or newest first", async () => {
      expect(await listed(DEAREST)).to.deep.equal([
        ["run-1", 47n],
        ["run-2", 40n],
        ["run-3", 9n],
      ]);
      expect((await listed(NEWEST)).map(([id]) => id)).to.deep.equal(["run-3", "run-2", "run-1"]);
      expect(await listed({ ...DEAREST, agentId: "b" })).to.deep.equal([["run-2", 40n]]);
      expect(await listed({ ...DEAREST, parentRunId: "run-2" })).to.deep.equal([["run-3", 9n]]);
      expect(await listed({ ...NEWEST, memberId: "nobody" })).to.deep.equal([]);
    });

    it("ListRuns takes runs by their start, its end not included", async () => {
      const startOf = async (runId: string) =>
        valueIn(await server.usage.getRun("acme", runId)).run.startTime ?? 0n;
      const [second, third] = [await startOf("run-2"), await startOf("run-3")];
      const within = (startTime: Time, endTime: Time) => listed({ ...NEWEST, startTime, endTime });
      expect((await within(second, third)).map(([id]) => id)).to.deep.equal(["run-2"]);
      expect((await within(second, third + 1n)).map(([id]) => id)).to.deep.equal(["run-3", "run-2"]);
    });

    it("ListRuns refuses the page token of another order", async () => {
      const page = valueIn(await server.usage.listRuns("acme", DEAREST, { size: 1, token: "" }));
      const other = await server.usage.listRuns("acme", NEWEST, { size: 1, token: page.nextPageToken });
      expect(other).to.have.nested.property("refusal.reason", "PAGE_TOKEN_INVALID");
    });

    it("QueryUsage groups by any keys, net of refunds, and sums all but the dearest groups", async () => {
      expect(await grouped({ groupBy: new Set(["agentId"]) })).to.deep.equal([
        ["a", 45n, 2n],
        ["b", 40n, 1n],
        ["", 11n, 2n],
      ]);
      expect(await grouped({ groupBy: new Set(["modelId"]), groupsMax: 1 })).to.deep.equal([
        ["painter", 80n, 2n],
        ["rest of 2", 16n, 3n],
      ]);
      expect(await grouped({ groupBy: new Set(["runId"]), filter: { agentId: "a" } })).to.deep.equal([
        ["run-1", 45n, 2n],
      ]);
      expect(await grouped({ groupBy: new Set(["agentId", "modelId"]) })).to.have.length(4);
      expect(await grouped({ groupBy: new Set(["workspaceId", "memberId"]) })).to.have.length(2);
      expect(await grouped({})).to.deep.equal([["", 96n, 5n]]);
    });

    it("QueryUsage by day and hour adds up to the whole, and a range takes its start and not its end", async () => {
      const { total } = valueIn(await server.usage.queryUsage("acme", ALL));
      for (const bucket of ["day", "hour"] as const) {
        const now = valueIn(await server.usage.getRun("acme", "run-1")).run.updateTime ?? 0n;
        const range = { startTime: now - 60n * MINUTE, endTime: now + 1n, bucket };
        const report = valueIn(await server.usage.queryUsage("acme", { ...ALL, ...range }));
        expect(report.total).to.deep.equal(total);
        const before = valueIn(await server.usage.queryUsage("acme", { ...ALL, ...range, endTime: now }));
        expect(total.settledMicros - before.total.settledMicros).to.equal(2n);
      }
    });

    async function listed(filter: RunFilter): Promise<readonly (readonly [string, bigint])[]> {
      const runs: (readonly [string, bigint])[] = [];
      for (let token = "", more = true; more; more = token !== "") {
        const page = valueIn(await server.usage.listRuns("acme", filter, { size: 1, token }));
        runs.push(...page.items.map(({ runId, sums }) => [runId, consumedMicros(sums)] as const));
        token = page.nextPageToken;
      }
      const whole = valueIn(await server.usage.listRuns("acme", filter, FIRST_PAGE));
      expect(whole.items.map(({ runId }) => runId)).to.deep.equal(runs.map(([id]) => id));
      return runs;
    }

    async function grouped(query: Partial<UsageQuery>) {
      const report = valueIn(await server.usage.queryUsage("acme", { ...ALL, ...query }));
      const names = report.groups.map(({ keys }) => Object.values(keys).join(""));
      const rest = report.rest.map(() => `rest of ${report.restCount}`);
      return [...report.groups, ...report.rest].map(({ sums }, index) => [
        [...names, ...rest][index],
        consumedMicros(sums),
        sums.calls,
      ]);
    }
  });
}
