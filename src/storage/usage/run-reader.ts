import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Time } from "../../domain/time.ts";
import type { UsageSums } from "../../domain/usage/usage.ts";
import { fromRowTime } from "../timestamp.ts";
import { fromRowSums } from "./usage-reader.ts";
import { runsOfTransactions, SUM_COLUMNS } from "./usage-sql.ts";

export type Run = Readonly<{
  runId: string;
  /** The number of its first change, by which runs are in the order of their start. */
  firstVersion: bigint;
  startTime: Time;
  updateTime: Time;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  parentRunId: string | undefined;
  sums: UsageSums;
}>;

/** Up to which version runs are summed up, and up to which there are changes. */
export type RunHistory = Readonly<{ organizationId: string; cursor: bigint; head: bigint }>;

export type RunQuery = Readonly<{
  dearestFirst: boolean;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  parentRunId: string | undefined;
  /** Only runs whose first version is after the one, up to the other. */
  afterVersion: bigint;
  upToVersion: bigint;
  /** Only what comes after this one. */
  after: Readonly<{ consumedMicros: bigint; firstVersion: bigint }> | undefined;
  limit: number;
}>;

type RunRow = Readonly<{
  run_id: string;
  first_version: string;
  start_time: string;
  update_time: string;
  agent_id: string | null;
  workspace_id: string | null;
  member_id: string | null;
  parent_run_id: string | null;
  calls: string;
  late_calls: string;
  settled_micros: string;
  refunded_micros: string;
}>;

const RUN_COLUMNS = sql`run_id, first_version, start_time, update_time, agent_id, workspace_id, member_id,
  parent_run_id, ${SUM_COLUMNS}`;

/** The run, as the last transaction left it. */
export async function selectRun(
  database: Kysely<unknown>,
  history: RunHistory,
  runId: string,
): Promise<Run | undefined> {
  const one = sql`run_id = ${runId}`;
  const { rows } = await sql<RunRow>`
    with fresh as (${freshRuns(history, one)})
    select * from (select ${RUN_COLUMNS} from fresh union all
      select ${RUN_COLUMNS} from usage_runs r where organization_id = ${history.organizationId} and ${one}
        and not exists (select from fresh f where f.run_id = r.run_id)) u`.execute(database);
  return rows[0] && fromRowRun(rows[0]);
}

/**
 * Runs in order: those that the last transactions changed, which are few, beside the
 * first of those that they did not.
 */
export async function selectRuns(
  database: Kysely<unknown>,
  history: RunHistory,
  query: RunQuery,
): Promise<readonly Run[]> {
  const fitting = conditionsOf(query);
  const order = query.dearestFirst
    ? sql`settled_micros - refunded_micros desc, first_version desc`
    : sql`first_version desc`;
  // By the column, which has an index, where there is one.
  const stored = query.dearestFirst ? sql`consumed_micros desc, first_version desc` : order;
  const { rows } = await sql<RunRow>`
    with fresh as materialized (${freshRuns(history)}),
    summed as (
      select ${RUN_COLUMNS} from usage_runs r
      where organization_id = ${history.organizationId} and ${fitting(sql`consumed_micros`)}
        -- Looked up for each row, not joined: so the index gives the first ones without the rest.
        and run_id not in (select run_id from fresh)
      order by ${stored} limit ${query.limit})
    select ${RUN_COLUMNS} from (
      select ${RUN_COLUMNS} from summed union all
      select ${RUN_COLUMNS} from fresh where ${fitting(sql`settled_micros - refunded_micros`)}) u
    order by ${order} limit ${query.limit}`.execute(database);
  return rows.map(fromRowRun);
}

/**
 * The runs that a run started, those that they started, and so on; each once, even if
 * they name each other. Up to one more than so many.
 */
export async function selectDescendants(
  database: Kysely<unknown>,
  history: RunHistory,
  runId: string,
  limit: number,
): Promise<readonly string[]> {
  const { organizationId } = history;
  const { rows } = await sql<{ run_id: string }>`
    with recursive fresh as materialized (${freshRuns(history)}),
    tree as (
      select ${runId}::text as run_id
      union
      select c.run_id from tree t cross join lateral (
        select run_id from usage_runs where organization_id = ${organizationId} and parent_run_id = t.run_id
        union all
        select run_id from fresh where parent_run_id = t.run_id) c)
    select run_id from tree limit ${limit + 2}`.execute(database);
  return rows.map((row) => row.run_id).filter((id) => id !== runId);
}

/** The runs that transactions after the cursor changed, together with what they were before. */
function freshRuns({ organizationId, cursor, head }: RunHistory, ofRuns?: RawBuilder<unknown>) {
  return sql`
    select f.run_id, coalesce(r.first_version, f.first_version) as first_version,
      coalesce(r.start_time, f.start_time) as start_time, f.update_time,
      coalesce(r.agent_id, f.agent_id) as agent_id, coalesce(r.workspace_id, f.workspace_id) as workspace_id,
      coalesce(r.member_id, f.member_id) as member_id, coalesce(r.parent_run_id, f.parent_run_id) as parent_run_id,
      coalesce(r.calls, 0) + f.calls as calls, coalesce(r.late_calls, 0) + f.late_calls as late_calls,
      coalesce(r.settled_micros, 0) + f.settled_micros as settled_micros,
      coalesce(r.refunded_micros, 0) + f.refunded_micros as refunded_micros
    from (${runsOfTransactions({ organizationId, after: cursor, upTo: head }, ofRuns)}) f
    left join usage_runs r on r.organization_id = ${organizationId} and r.run_id = f.run_id`;
}

function conditionsOf(query: RunQuery): (consumed: RawBuilder<unknown>) => RawBuilder<unknown> {
  const { agentId, workspaceId, memberId, parentRunId, afterVersion, upToVersion, after } = query;
  return (consumed) =>
    sql.join(
      [
        sql`first_version > ${afterVersion} and first_version <= ${upToVersion}`,
        ...(agentId === undefined ? [] : [sql`agent_id = ${agentId}`]),
        ...(workspaceId === undefined ? [] : [sql`workspace_id = ${workspaceId}`]),
        ...(memberId === undefined ? [] : [sql`member_id = ${memberId}`]),
        ...(parentRunId === undefined ? [] : [sql`parent_run_id = ${parentRunId}`]),
        ...(after === undefined ? [] : [sql`(${keyOf(query, consumed)}) < (${lastOf(query, after)})`]),
      ],
      sql` and `,
    );
}

function keyOf({ dearestFirst }: RunQuery, consumed: RawBuilder<unknown>): RawBuilder<unknown> {
  return dearestFirst ? sql`${consumed}, first_version` : sql`first_version`;
}

function lastOf(
  { dearestFirst }: RunQuery,
  { consumedMicros, firstVersion }: NonNullable<RunQuery["after"]>,
) {
  return dearestFirst
    ? sql`${String(consumedMicros)}::numeric, ${firstVersion}::bigint`
    : sql`${firstVersion}::bigint`;
}

function fromRowRun(row: RunRow): Run {
  return {
    runId: row.run_id,
    firstVersion: BigInt(row.first_version),
    startTime: fromRowTime(row.start_time),
    updateTime: fromRowTime(row.update_time),
    agentId: row.agent_id ?? undefined,
    workspaceId: row.workspace_id ?? undefined,
    memberId: row.member_id ?? undefined,
    parentRunId: row.parent_run_id ?? undefined,
    sums: fromRowSums(row),
  };
}
