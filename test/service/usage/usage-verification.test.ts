import { expect } from "chai";
import { sql } from "kysely";
import type { CreditLedger } from "../../../src/service/credit-ledger.ts";
import { verifyLedger } from "../../../src/service/verification.ts";
import { rollUp } from "../../../src/storage/usage/roll-up.ts";
import { accepted, chargeOf, grantOf } from "../support/asking.ts";
import { LedgerRig } from "../support/ledger-rig.ts";
import { until } from "../support/until.ts";

const ASKING = { organizationId: "acme" };
const CONTEXT = { runId: "run-1", agentId: "a", modelId: "m" };
const TABLES = ["usage_cursors", "usage_summaries", "usage_runs"];

/** What somebody with all rights does to what is summed up, and where verification says that it is. */
const DAMAGES: readonly [string, string, RegExp][] = [
  [
    "calls of a summary",
    "update usage_summaries set calls = calls + 1 where keys = 1 and span = 'day'",
    /^usage of day .* in summary 1, agentId a$/,
  ],
  [
    "credits of a summary",
    "update usage_summaries set settled_micros = 0 where keys = 31",
    /^usage of hour .* in summary 31, runId run-1/,
  ],
  [
    "a removed row of a summary",
    "delete from usage_summaries where keys = 0 and span = 'month'",
    /^usage of month .* in summary 0$/,
  ],
  [
    "an added row of a summary, before the others",
    "insert into usage_summaries values ('acme', 8, 'hour', '2020-02-02 02:00+00', '', '', '', 'x', '', 1, 0, 1, 0)",
    /^usage of hour 2020-02-02T02:00:00.000Z in summary 8, memberId x$/,
  ],
  [
    "an added row of a summary, after the others",
    "insert into usage_summaries values ('acme', 0, 'day', '2120-02-02 00:00+00', '', '', '', '', '', 1, 0, 1, 0)",
    /^usage of day 2120-02-02/,
  ],
  [
    "a row of a summary that can't be read",
    "update usage_summaries set start_time = 'infinity' where keys = 0 and span = 'day'",
    /^organization$/,
  ],
  ["a run's refunds", "update usage_runs set refunded_micros = 1", /^usage of run run-1$/],
  ["a run's agent", "update usage_runs set agent_id = 'b'", /^usage of run run-1$/],
  ["a removed run", "delete from usage_runs", /^usage of run run-1$/],
  [
    "an added run",
    "insert into usage_runs (organization_id, run_id, first_version, start_time, update_time, calls, late_calls, settled_micros, refunded_micros) values ('acme', 'zzz', 9, now(), now(), 0, 0, 0, 0)",
    /^usage of run zzz$/,
  ],
  ["a cursor that goes too far", "update usage_cursors set version = 99", /^usage cursor$/],
  ["a cursor that was set back", "update usage_cursors set version = 2", /^usage of /],
  ["a removed cursor", "delete from usage_cursors", /^usage of /],
];

describe("R-HIST-3, R-HIST-4: what is summed up", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    await accepted(ledger, ASKING, grantOf(1_000n));
    for (const amount of [7n, 8n]) await accepted(ledger, ASKING, chargeOf(amount, { context: CONTEXT }));
    await rollUp(rig.orm, "acme", 100);
  });

  after(() => rig.close());

  for (const [what, statement, place] of DAMAGES) {
    it(`verification finds ${what}`, async () => {
      for (const table of TABLES) await rig.run(`create table ${table}_copy as table ${table}`);
      await rig.run(statement);
      const { discrepancies } = await verifyLedger(rig.orm);
      for (const table of TABLES) {
        await rig.run(`delete from ${table}`);
        const columns = table === "usage_runs" ? RUN_COLUMNS : "*";
        const names = table === "usage_runs" ? `(${RUN_COLUMNS})` : "";
        await rig.run(`insert into ${table} ${names} select ${columns} from ${table}_copy`);
        await rig.run(`drop table ${table}_copy`);
      }
      expect(discrepancies[0]?.place).to.match(place);
      expect(discrepancies.map(({ organizationId }) => organizationId)).to.include("acme");
      await rig.expectSound();
    });
  }

  it("is not summed up again from a transaction that can't be read, which is named once", async () => {
    const trigger = (what: string) =>
      rig.run(`alter table transactions ${what} trigger transactions_append_only`);
    await trigger("disable");
    await rig.run("create table kept as select version, effective_time from transactions");
    await rig.run("update transactions set effective_time = '4000-01-01 00:00+00 BC' where version = 2");
    const { discrepancies } = await verifyLedger(rig.orm);
    await rig.run(
      "update transactions t set effective_time = k.effective_time from kept k where k.version = t.version",
    );
    await rig.run("drop table kept");
    await trigger("enable");
    expect(discrepancies.map(({ place }) => place)).to.deep.equal(["transaction 2"]);
    await rig.expectSound();
  });

  it("is whole or not at all where a server dies in the middle of it", async () => {
    const rolling = await blockedRollUp();
    // Its summaries are written by now, its runs are not: the session ends as that of a killed server.
    const [waiting] = await rig.rows(sql<{ ended: boolean }>`
      select pg_terminate_backend(pid) as ended from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`);
    expect(waiting?.ended).to.equal(true);
    expect(await rolling.outcome).to.be.instanceOf(Error);
    await rolling.unlock();
    expect(await cursorOf("acme")).to.equal("3");
    await rig.expectSound();
    expect(await rollUp(rig.orm, "acme", 100)).to.equal(0n);
    expect(await cursorOf("acme")).to.equal("4");
    await rig.expectSound();
  });

  it("is left to the server that is at it", async () => {
    const rolling = await blockedRollUp();
    expect(await rollUp(rig.orm, "acme", 100)).to.equal(undefined);
    await rolling.unlock();
    expect(await rolling.outcome).to.equal(0n);
    await rig.expectSound();
  });

  it("never keeps anybody from spending", async () => {
    const rolling = await blockedRollUp();
    await accepted(ledger, ASKING, chargeOf(9n, { context: CONTEXT }));
    await rolling.unlock();
    await rolling.outcome;
    await rig.expectSound();
  });

  it("follows by itself, also of organizations that nobody touches any more", async () => {
    const behind = { organizationId: "quiet" };
    await accepted(ledger, behind, grantOf(5n));
    // A server that has heard of nothing.
    const server = rig.serve({ rollUp: { intervalMs: 1 } });
    await until(async () => (await cursorOf("quiet")) === "1");
    await accepted(server, behind, chargeOf(1n));
    await until(async () => (await cursorOf("quiet")) === "2");
    await rig.stop(server);
    await rig.expectSound();
  });

  async function cursorOf(organizationId: string): Promise<string | undefined> {
    const [row] = await rig.rows(sql<{ version: string }>`
      select version from usage_cursors where organization_id = ${organizationId}`);
    return row?.version;
  }

  /** A summing up that waits for a lock, which the test holds, on the run that it is to change last. */
  async function blockedRollUp() {
    const held = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    const lock = rig.orm.em
      .fork()
      .getKysely()
      .transaction()
      .execute(async (transaction) => {
        await sql`select from usage_runs for update`.execute(transaction);
        held.resolve();
        await free.promise;
      });
    await held.promise;
    await accepted(ledger, ASKING, chargeOf(1n, { context: CONTEXT }));
    const outcome = rollUp(rig.orm, "acme", 100).catch((error: Error) => error);
    await until(async () => {
      const rows = await rig.rows(sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
      return rows.length > 0;
    });
    const unlock = async () => {
      free.resolve();
      await lock;
    };
    return { outcome, unlock };
  }
});

/** All but the one that is computed. */
const RUN_COLUMNS =
  "organization_id, run_id, first_version, start_time, update_time, agent_id, workspace_id, member_id, " +
  "parent_run_id, calls, late_calls, settled_micros, refunded_micros";
