import { type RawBuilder, sql } from "kysely";
import type { UsageKey } from "../../domain/usage/summary.ts";

/** Transactions of one organization: those after one version, up to another. */
export type VersionRange = Readonly<{ organizationId: string; after: bigint; upTo: bigint }>;

/** The columns of sums, in the order in which every statement here has them. */
export const SUM_COLUMNS = sql.raw("calls, late_calls, settled_micros, refunded_micros");

/** The column of each key, in the order of the primary key. */
export const COLUMN_OF: Readonly<Record<UsageKey, string>> = {
  agentId: "agent_id",
  modelId: "model_id",
  workspaceId: "workspace_id",
  memberId: "member_id",
  runId: "run_id",
};

export const KEY_COLUMNS = sql.raw(Object.values(COLUMN_OF).join(", "));

/** As the summaries have them: empty where nobody said, and ordered by their bytes. */
const KEYS = sql.raw(
  Object.values(COLUMN_OF)
    .map((column) => `coalesce(${column}, '') collate "C" as ${column}`)
    .join(", "),
);

const KINDS = sql.raw("('SETTLE', 'CHARGE', 'REFUND')");

/** What transactions add to the sums: `usageOf` of the domain, in SQL. */
const SUMS = sql.raw(`
  count(*) filter (where kind <> 'REFUND') as calls,
  count(*) filter (where late) as late_calls,
  coalesce(sum(amount_micros) filter (where kind <> 'REFUND'), 0) as settled_micros,
  coalesce(sum(amount_micros) filter (where kind = 'REFUND'), 0) as refunded_micros`);

/** The usage of transactions, summed by hour and every key; rows of `time`, keys and sums. */
export function usageOfTransactions({ organizationId, after, upTo }: VersionRange): RawBuilder<unknown> {
  return sql`
    select date_trunc('hour', effective_time, 'UTC') as time, ${KEYS}, ${SUMS}
    from transactions
    where organization_id = ${organizationId} and version > ${after} and version <= ${upTo} and kind in ${KINDS}
    group by 1, 2, 3, 4, 5, 6`;
}

/**
 * The runs of transactions, each with what it came to in them. Of what names several
 * agents, the first counts; and so on. The release of a run that never reserved anything
 * makes no run. `ofRuns` says which runs; then transactions are found by the run, and
 * else by the version: the fence of `offset 0` keeps the grouping out of that choice, for
 * which there may be no statistics yet.
 */
export function runsOfTransactions(
  { organizationId, after, upTo }: VersionRange,
  ofRuns?: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const version = sql.raw(ofRuns === undefined ? "version" : "version + 0");
  return sql`
    select run_id, min(version) as first_version, min(effective_time) as start_time,
      max(effective_time) as update_time, ${FIRST_NAMED},
      count(*) filter (where kind in ('SETTLE', 'CHARGE')) as calls,
      count(*) filter (where late) as late_calls,
      coalesce(sum(amount_micros) filter (where kind in ('SETTLE', 'CHARGE')), 0) as settled_micros,
      coalesce(sum(amount_micros) filter (where kind = 'REFUND'), 0) as refunded_micros
    from (
      select run_id, version, effective_time, kind, late, amount_micros, agent_id, workspace_id, member_id, parent_run_id
      from transactions
      where organization_id = ${organizationId} and ${version} > ${after} and ${version} <= ${upTo}
        and run_id is not null and reservation_id is not null and ${ofRuns ?? sql`true`}
      offset 0) t
    group by run_id`;
}

const FIRST_NAMED = sql.join(
  ["agent_id", "workspace_id", "member_id", "parent_run_id"].map((name) =>
    sql.raw(`(array_agg(${name} order by version) filter (where ${name} is not null))[1] as ${name}`),
  ),
);
