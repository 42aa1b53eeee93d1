import { expect } from "chai";
import { sql } from "kysely";
import type { CreditLedger, PageRequest, TransactionFilter } from "../../src/service/credit-ledger.ts";
import { HistoryUpkeep } from "../../src/service/history-upkeep.ts";
import { indexSegments, organizationsToIndex } from "../../src/storage/history-segments.ts";
import { TransactionList, type TransactionListPage } from "../../src/storage/transaction-list.ts";
import { ANY_TRANSACTION, accepted, chargeOf, grantOf, valueIn } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

const organizationId = "long";
/** Nineteen segments and a tail. */
const CHANGES = 10_000;

/** What a list asks for, and the same in SQL. */
const FILTERS: readonly (readonly [name: string, filter: Partial<TransactionFilter>, condition: string])[] = [
  ["a rare agent", { agentId: "rare" }, "agent_id = 'rare'"],
  ["an agent that is everywhere", { agentId: "common" }, "agent_id = 'common'"],
  ["an agent that there is not", { agentId: "nobody" }, "false"],
  ["a member once in a segment", { memberId: "m" }, "member_id = 'm'"],
  ["a rare kind", { kinds: ["GRANT"] }, "kind = 'GRANT'"],
  ["several kinds", { kinds: ["GRANT", "GRANT_VOID", "REFUND"] }, "kind in ('GRANT', 'REFUND')"],
  ["a model and a workspace", { modelId: "x", workspaceId: "w" }, "model_id = 'x' and workspace_id = 'w'"],
  [
    "an agent and a kind",
    { agentId: "common", kinds: ["REFUND"] },
    "agent_id = 'common' and kind = 'REFUND'",
  ],
  ["a run", { runId: "run-3", agentId: "common" }, "run_id = 'run-3' and agent_id = 'common'"],
  ["everything", {}, "true"],
];

describe("R-HIST-2: lists of a long history", function () {
  this.timeout(60_000);
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    await accepted(ledger, { organizationId }, grantOf(1_000_000n));
    await accepted(ledger, { organizationId }, chargeOf(1n));
    await rig.run(`
      insert into transactions select r.* from transactions t, generate_series(3, ${CHANGES}) v,
        lateral jsonb_populate_record(t, jsonb_build_object(
        'version', v, 'request_id', gen_random_uuid(), 'effective_time', t.effective_time + v * interval '1 second',
        'record_time', t.record_time + v * interval '1 second',
        'kind', case when v in (3000, 9999) then 'GRANT' when v % 1111 = 0 then 'REFUND' else 'CHARGE' end,
        'agent_id', case when v in (3, 600, 5000, 9990) then 'rare' else 'common' end,
        'member_id', case when v % 500 = 7 then 'm' else 'n' end,
        'model_id', case when v % 3000 < 2 then 'x' else 'y' end,
        'workspace_id', case when v % 1000 = 0 then 'w' else 'v' end,
        'run_id', 'run-' || v / 100)) r
      where t.organization_id = '${organizationId}' and t.version = 2`);
    await rig.run(`update accounts set version = ${CHANGES} where organization_id = '${organizationId}'`);
  });

  after(() => rig.close());

  for (const [stage, prepare] of [
    ["before anything is indexed", async () => undefined],
    ["while it is indexed", () => indexSome()],
    ["when it is indexed", () => indexAll()],
  ] as const) {
    describe(stage, () => {
      before(prepare);

      for (const [name, filter, condition] of FILTERS) {
        it(`${name}: pages give all that match, each once, the newest first`, async () => {
          const expected = await versionsWhere(condition);
          expect((await walk({ ...ANY_TRANSACTION, ...filter }, 50)).versions).to.deep.equal(expected);
        });
      }

      it("times and pages of one narrow the same", async () => {
        const [{ start, end } = { start: "0", end: "0" }] = await rig.rows(sql<{
          start: string;
          end: string;
        }>`
          select extract(epoch from a.effective_time)::numeric * 1000000 as start,
            extract(epoch from b.effective_time)::numeric * 1000000 as end
          from transactions a, transactions b where a.organization_id = ${organizationId} and a.version = 500
            and b.organization_id = ${organizationId} and b.version = 9000`);
        const times = { startTime: BigInt(Number(start)), endTime: BigInt(Number(end)) };
        const { versions } = await walk({ ...ANY_TRANSACTION, ...times, agentId: "rare" }, 1);
        expect(versions).to.deep.equal([5000n, 600n]);
      });
    });
  }

  it("what is rare is found at once when it is indexed, and otherwise within bounds", async () => {
    await indexAll();
    expect((await walk({ ...ANY_TRANSACTION, agentId: "rare" }, 50)).pages).to.equal(1);
    expect((await walk({ ...ANY_TRANSACTION, agentId: "nobody" }, 50)).pages).to.equal(1);
    await rig.run("delete from history_segments");
    await rig.run("delete from history_indexing");
    expect((await walk({ ...ANY_TRANSACTION, agentId: "nobody" }, 50)).pages).to.equal(5);
  });

  it("have nothing newer than the version that they are of, though it is indexed meanwhile", async () => {
    await indexAll();
    const list = new TransactionList(rig.orm.em.fork().getKysely(), organizationId, {
      ...ANY_TRANSACTION,
      memberId: "m",
    });
    const newest = { after: 0n, upTo: 2n ** 63n - 1n };
    const versions: bigint[] = [];
    for (let upTo: bigint | undefined = newest.upTo; upTo !== undefined; ) {
      const page: TransactionListPage = await list.page({ ...newest, upTo }, Promise.resolve(4_000n), 1);
      versions.push(...page.transactions.map(({ version }) => version));
      upTo = page.before === undefined ? undefined : page.before - 1n;
    }
    expect(versions).to.deep.equal(await versionsWhere("member_id = 'm' and version <= 4000"));
  });

  it("fail once where the account can't be read, whatever was looked up beside it", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): unknown => unheard.push(reason);
    process.on("unhandledRejection", hear);
    await rig.run("alter table accounts rename to elsewhere");
    for (const filter of [{ startTime: 1n }, { agentId: "rare" }, {}]) {
      const failure = await ledger
        .listTransactions(organizationId, { ...ANY_TRANSACTION, ...filter }, { size: 1, token: "" })
        .catch((error: unknown) => error);
      expect(String(failure)).to.include("accounts");
    }
    await rig.run("alter table elsewhere rename to accounts");
    process.off("unhandledRejection", hear);
    expect(unheard).to.deep.equal([]);
    expect((await walk({ ...ANY_TRANSACTION, agentId: "rare" }, 50)).versions).to.deep.equal([
      9990n,
      5000n,
      600n,
      3n,
    ]);
  });

  it("indexes each complete segment once, whichever server comes first", async () => {
    await rig.run("delete from history_segments");
    await rig.run("delete from history_indexing");
    expect(await toIndex()).to.deep.equal([organizationId]);
    await Promise.all([indexAll(), indexAll(), indexAll()]);
    while (await indexSegments(rig.orm, organizationId));
    expect(await toIndex()).to.deep.equal([]);
    const [row] = await rig.rows(sql<{ same: boolean }>`
      with stored as (select value, segment from history_segments where field = 'agent_id'),
        recomputed as (
          select distinct agent_id, (version - 1) / 512 from transactions
          where organization_id = ${organizationId} and version <= 19 * 512 and agent_id is not null)
      select not exists (table stored except table recomputed)
        and not exists (table recomputed except table stored) as same`);
    expect(row?.same).to.equal(true);
  });

  it("an organization that can't be indexed keeps none behind it from that", async () => {
    await rig.run("delete from history_segments");
    await rig.run("delete from history_indexing");
    await rig.run(`insert into accounts select r.* from accounts a,
      lateral jsonb_populate_record(a, '{"organization_id": "broken"}') r`);
    await rig.run("alter table history_indexing add constraint unbroken check (organization_id <> 'broken')");
    expect(await toIndex()).to.deep.equal(["broken", organizationId]);
    const errors: unknown[] = [];
    const upkeep = new HistoryUpkeep(rig.orm, (error) => errors.push(error), 1);
    upkeep.start();
    await until(async () => (await toIndex()).length === 1);
    await upkeep.stop();
    await rig.run("alter table history_indexing drop constraint unbroken");
    await rig.run("delete from accounts where organization_id = 'broken'");
    expect(errors[0]).to.be.instanceOf(Error);
    expect(await toIndex()).to.deep.equal([]);
  });

  it("looks for what is to be indexed page by page", async () => {
    expect(await organizationsToIndex(rig.orm, "", 1)).to.deep.equal({
      organizationIds: [],
      last: organizationId,
    });
    expect(await organizationsToIndex(rig.orm, organizationId, 1)).to.deep.equal({
      organizationIds: [],
      last: undefined,
    });
  });

  async function toIndex(): Promise<readonly string[]> {
    return (await organizationsToIndex(rig.orm, "", 10)).organizationIds;
  }

  async function indexSome(): Promise<void> {
    await indexAll();
    await rig.run("delete from history_segments where segment >= 9");
    await rig.run("update history_indexing set segments = 9");
  }

  async function indexAll(): Promise<void> {
    while (await indexSegments(rig.orm, organizationId));
  }

  async function versionsWhere(condition: string): Promise<readonly bigint[]> {
    const rows = await rig.rows(sql<{ version: string }>`
      select version from transactions where organization_id = ${organizationId} and ${sql.raw(condition)}
      order by version desc`);
    return rows.map(({ version }) => BigInt(version));
  }

  async function walk(filter: TransactionFilter, size: number) {
    const versions: bigint[] = [];
    let pages = 0;
    for (let page: PageRequest = { size, token: "" }; ; ) {
      const { items, nextPageToken } = valueIn(await ledger.listTransactions(organizationId, filter, page));
      versions.push(...items.map(({ version }) => version));
      pages += 1;
      if (nextPageToken === "") return { versions, pages };
      page = { size, token: nextPageToken };
    }
  }
});
