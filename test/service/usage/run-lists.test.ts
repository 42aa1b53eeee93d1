import { expect } from "chai";
import { type Kysely, sql } from "kysely";
import { type RunQuery, selectRuns } from "../../../src/storage/usage/run-list.ts";
import { Random } from "../../simulator/random.ts";
import { LedgerRig } from "../support/ledger-rig.ts";

const ORGANIZATION = "long";
/** Four times what a walk looks through. */
const RUNS = 20_000;
/** Changes between the starts of two runs: all of history is no narrow range. */
const STEP = 5;
const CURSOR = BigInt(RUNS * STEP);
/** Each of so many runs is changed by a transaction that is not summed up. */
const TAIL = 40;
const HEAD = CURSOR + BigInt(TAIL);
const QUERIES = 150;

type Listed = Readonly<{
  run_id: string;
  first_version: string;
  agent_id: string;
  workspace_id: string;
  member_id: string;
  parent_run_id: string | null;
  consumed: string;
}>;

const EVERYTHING: RunQuery = {
  dearestFirst: true,
  agentId: undefined,
  workspaceId: undefined,
  memberId: undefined,
  parentRunId: undefined,
  afterVersion: 0n,
  upToVersion: HEAD,
  after: undefined,
  limit: 51,
};

/**
 * `cheap` is busy, and no run of it is among the dearest half; `retired` only ran early; in
 * the last tenth of history nothing was dear.
 */
describe("R-HIST-3: lists of very many runs", function () {
  this.timeout(60_000);
  let rig: LedgerRig;
  let all: readonly Listed[];

  before(async () => {
    rig = await LedgerRig.open();
    await rig.run(`
      insert into usage_runs (organization_id, run_id, first_version, start_time, update_time, agent_id, workspace_id,
        member_id, parent_run_id, calls, late_calls, settled_micros, refunded_micros)
      select '${ORGANIZATION}', 'run-' || n, n * ${STEP}, now(), now(),
        case when n % 2000 = 7 then 'rare' when n % 5 < 2 then 'cheap' when n < 2000 and n % 2 = 0 then 'retired'
          else 'agent-' || n % 3 end,
        'workspace-' || n * 7 % 20, 'member-' || n * 11 % 300, case when n % 50 = 3 then 'run-' || n / 1000 end, 1, 0,
        case when n % 5 < 2 then n % 4 when n > ${RUNS * 0.9} then n % 50 else 100 + n::bigint * 7919 % 10007 end, 0
      from generate_series(1, ${RUNS}) n`);
    await rig.run("vacuum analyze usage_runs");
    // Some go to the top, some to the bottom, and one in five is new.
    await rig.run(`
      insert into transactions (organization_id, version, kind, effective_time, record_time, request_ordinal, actor,
        amount_micros, run_id, agent_id, workspace_id, member_id, reservation_id, movements,
        subscription_micros, promotional_micros, purchased_micros, reserved_micros, debt_micros, hash)
      select '${ORGANIZATION}', ${CURSOR} + n, case when n % 2 = 0 then 'CHARGE' else 'REFUND' end, now(), now(), 0, 'x',
        n * 500, case when n % 5 = 0 then 'new-' else 'run-' end || n * 499, 'agent-1', 'workspace-3', 'member-5',
        gen_random_uuid(), '[]', 0, 0, 0, 0, 0, ''
      from generate_series(1, ${TAIL}) n`);
    all = await rig.rows(sql<Listed>`
      select run_id, min(first_version)::text as first_version, min(agent_id) as agent_id,
        min(workspace_id) as workspace_id, min(member_id) as member_id, min(parent_run_id) as parent_run_id,
        sum(consumed)::text as consumed
      from (
        select run_id, first_version, agent_id, workspace_id, member_id, parent_run_id, consumed_micros as consumed
        from usage_runs union all
        select t.run_id, t.version, coalesce(r.agent_id, t.agent_id), coalesce(r.workspace_id, t.workspace_id),
          coalesce(r.member_id, t.member_id), r.parent_run_id,
          case when t.kind = 'REFUND' then -t.amount_micros else t.amount_micros end
        from transactions t left join usage_runs r on r.run_id = t.run_id) u
      group by run_id`);
  });

  after(() => rig.close());

  it("are what sorting all runs gives, however they are filtered and wherever a page begins", async () => {
    const random = new Random(6, 2);
    let found = 0;
    for (let count = 0; count < QUERIES; count += 1) {
      const query = draw(random);
      const { runs } = await selected(query);
      const name = JSON.stringify(query, (_key, value) =>
        typeof value === "bigint" ? String(value) : value,
      );
      expect(
        runs.map(({ runId }) => runId),
        name,
      ).to.deep.equal(sorted(query));
      found += runs.length;
    }
    expect(found).to.be.greaterThan(QUERIES);
  });

  const SHORT: readonly (readonly [name: string, query: Partial<RunQuery>, rowsMax: number])[] = [
    ["the dearest", {}, 200],
    ["the newest", { dearestFirst: false }, 200],
    ["the dearest of a busy agent", { agentId: "agent-1" }, 5_200],
    ["the newest of a busy agent", { agentId: "agent-1", dearestFirst: false }, 5_200],
    ["the dearest of a rare agent", { agentId: "rare" }, 5_200],
    ["the newest of a rare agent", { agentId: "rare", dearestFirst: false }, 5_200],
    ["the newest of an agent that only ran early", { agentId: "retired", dearestFirst: false }, 6_200],
    ["the newest of a rare member", { memberId: "member-7", dearestFirst: false }, 5_300],
    ["the dearest of a member that there is not", { memberId: "nobody" }, 5_200],
    ["the dearest of a workspace", { workspaceId: "workspace-3" }, 6_200],
    ["the dearest of a short time", { afterVersion: CURSOR - 2_500n }, 700],
    ["the dearest of a long time", { afterVersion: CURSOR / 4n, upToVersion: CURSOR }, 5_200],
    ["the dearest of a time in which nothing was dear", { afterVersion: (CURSOR * 9n) / 10n }, 2_200],
    ["the children of a run", { parentRunId: "run-3" }, 200],
  ];
  for (const [name, query, rowsMax] of SHORT) {
    it(`${name}: at most ${rowsMax} of ${RUNS} are read`, async () => {
      const { rowsRead } = await selected({ ...EVERYTHING, ...query });
      expect(rowsRead).to.be.at.most(rowsMax);
    });
  }

  function selected(query: RunQuery) {
    return rig.orm.em
      .fork()
      .getKysely<unknown>()
      .transaction()
      .execute(async (database) => {
        const before = await rowsRead(database);
        const runs = await selectRuns(
          database,
          { organizationId: ORGANIZATION, cursor: CURSOR, head: HEAD },
          query,
        );
        return { runs, rowsRead: (await rowsRead(database)) - before };
      });
  }

  /** Of the runs that are summed up, by this transaction. */
  async function rowsRead(database: Kysely<unknown>): Promise<number> {
    const { rows } = await sql<{ read: number }>`
      select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read
      from pg_stat_xact_user_tables where relname = 'usage_runs'`.execute(database);
    return rows[0]?.read ?? 0;
  }

  function draw(random: Random): RunQuery {
    const start = BigInt(random.below(Number(HEAD)));
    const { consumed = "0", first_version = "1" } = random.pick(all);
    const one = <T>(times: number, value: T) => (random.percent(times) ? value : undefined);
    return {
      dearestFirst: random.percent(60),
      agentId: one(40, random.pick(["rare", "cheap", "retired", "agent-1", "nobody"])),
      workspaceId: one(15, `workspace-${random.below(20)}`),
      memberId: one(15, `member-${random.below(300)}`),
      parentRunId: one(10, `run-${random.below(20)}`),
      afterVersion: one(40, start) ?? 0n,
      upToVersion: one(20, start + BigInt(random.below(Number(HEAD - start)))) ?? HEAD,
      after: one(40, { consumedMicros: BigInt(consumed), firstVersion: BigInt(first_version) }),
      limit: 1 + random.below(80),
    };
  }

  function sorted(query: RunQuery): readonly string[] {
    const { dearestFirst, after, limit } = query;
    const compare = (left: Place, right: Place) =>
      (dearestFirst ? Number(right.consumed - left.consumed) : 0) || Number(right.version - left.version);
    return all
      .filter((run) => fits(run, query))
      .map((run) => ({ run, consumed: BigInt(run.consumed), version: BigInt(run.first_version) }))
      .filter((place) => !after || compare(place, placeOf(after)) > 0)
      .sort(compare)
      .slice(0, limit)
      .map(({ run }) => run.run_id);
  }
});

type Place = Readonly<{ consumed: bigint; version: bigint }>;

function placeOf({ consumedMicros, firstVersion }: NonNullable<RunQuery["after"]>): Place {
  return { consumed: consumedMicros, version: firstVersion };
}

function fits(run: Listed, query: RunQuery): boolean {
  const version = BigInt(run.first_version);
  const named = [
    [query.agentId, run.agent_id],
    [query.workspaceId, run.workspace_id],
    [query.memberId, run.member_id],
    [query.parentRunId, run.parent_run_id],
  ] as const;
  return (
    version > query.afterVersion &&
    version <= query.upToVersion &&
    named.every(([asked, has]) => asked === undefined || asked === has)
  );
}
