import { type Kysely, sql } from "kysely";
import { KEY_BITS, SUMMARIES, summaryNumber, type UsageKey } from "../../domain/usage/summary.ts";
import { inTransaction } from "../database-transaction.ts";
import type { Orm } from "../orm.ts";
import {
  COLUMN_OF,
  KEY_COLUMNS,
  runsOfTransactions,
  SUM_COLUMNS,
  usageOfTransactions,
  type VersionRange,
} from "./usage-sql.ts";

/** Each summary and span that is kept, as two lists of one length. */
const KEPT = SUMMARIES.flatMap((summary) =>
  summary.spans.map((span) => ({ number: summaryNumber(summary), span })),
);

const ADDED_SUMS = sql.raw(
  ["calls", "late_calls", "settled_micros", "refunded_micros"]
    .map((column) => `${column} = s.${column} + excluded.${column}`)
    .join(", "),
);

/**
 * For the sums of this transaction alone: 50,000 transactions are 300,000 rows before they are
 * summed, for which the usual 4 MB are too few to keep them from being sorted on disk.
 */
const WORK_MEMORY = sql.raw("set local work_mem = '32MB'");

/** Each key where the summary tells it apart, and else empty. */
const TOLD_KEYS = sql.raw(
  (Object.keys(COLUMN_OF) as UsageKey[])
    .map((key) => `case when k.number & ${KEY_BITS[key]} <> 0 then u.${COLUMN_OF[key]} else '' end`)
    .join(", "),
);

/**
 * Sums up the next transactions of an organization, so many at most; resolves to how
 * many are left. The cursor's lock lets one server at a time do it, and others pass by:
 * undefined for them. The summaries and the cursor change in one transaction, so that a
 * server which dies leaves either both or none. It locks nothing that a writer needs.
 */
export function rollUp(
  orm: Orm,
  organizationId: string,
  transactionsMax: number,
): Promise<bigint | undefined> {
  return inTransaction(orm, "write", async (em) => {
    const database = em.getKysely<unknown>();
    const after = await lockCursor(database, organizationId);
    if (after === undefined) return undefined;
    const head = await headOf(database, organizationId);
    const most = after + BigInt(transactionsMax);
    const upTo = head < most ? head : most;
    if (upTo <= after) return 0n;
    const range = { organizationId, after, upTo };
    await WORK_MEMORY.execute(database);
    await addSummaries(database, range);
    await addRuns(database, range);
    await sql`
      update usage_cursors set version = ${upTo} where organization_id = ${organizationId}`.execute(database);
    return head - upTo;
  });
}

async function lockCursor(database: Kysely<unknown>, organizationId: string): Promise<bigint | undefined> {
  const lock = sql<{ version: string }>`
    select version from usage_cursors where organization_id = ${organizationId} for update skip locked`;
  const [locked] = (await lock.execute(database)).rows;
  if (locked !== undefined) return BigInt(locked.version);
  const { rows } = await sql`
    insert into usage_cursors (organization_id, version)
    select organization_id, 0 from accounts where organization_id = ${organizationId} and version > 0
    on conflict do nothing returning organization_id`.execute(database);
  return rows.length === 0 ? undefined : 0n;
}

/** Versions have no gaps and are committed in order: all up to this one can be seen from now on. */
async function headOf(database: Kysely<unknown>, organizationId: string): Promise<bigint> {
  const { rows } = await sql<{ version: string }>`
    select version from accounts where organization_id = ${organizationId}`.execute(database);
  return BigInt(rows[0]?.version ?? 0);
}

async function addSummaries(database: Kysely<unknown>, range: VersionRange): Promise<void> {
  await sql`
    insert into usage_summaries as s (organization_id, keys, span, start_time, ${KEY_COLUMNS}, ${SUM_COLUMNS})
    select ${range.organizationId}, k.number, k.span, date_trunc(k.span, u.time, 'UTC') as start_time,
      ${TOLD_KEYS},
      sum(u.calls), sum(u.late_calls), sum(u.settled_micros), sum(u.refunded_micros)
    from (${usageOfTransactions(range)}) u
    cross join unnest(${KEPT.map(({ number }) => number)}::smallint[], ${KEPT.map(({ span }) => span)}::text[])
      as k (number, span)
    group by 2, 3, 4, 5, 6, 7, 8, 9
    on conflict (organization_id, keys, span, start_time, ${KEY_COLUMNS}) do update set
      ${ADDED_SUMS}`.execute(database);
}

async function addRuns(database: Kysely<unknown>, range: VersionRange): Promise<void> {
  await sql`
    insert into usage_runs as s (organization_id, run_id, first_version, start_time, update_time, agent_id,
      workspace_id, member_id, parent_run_id, ${SUM_COLUMNS})
    select ${range.organizationId}, u.* from (${runsOfTransactions(range)}) u
    on conflict (organization_id, run_id) do update set
      update_time = excluded.update_time,
      agent_id = coalesce(s.agent_id, excluded.agent_id),
      workspace_id = coalesce(s.workspace_id, excluded.workspace_id),
      member_id = coalesce(s.member_id, excluded.member_id),
      parent_run_id = coalesce(s.parent_run_id, excluded.parent_run_id),
      ${ADDED_SUMS}`.execute(database);
}
