import { type Kysely, type RawBuilder, sql } from "kysely";
import type { ModelKind } from "../../domain/pricing/model.ts";
import type { Time } from "../../domain/time.ts";
import type { CalendarSpan } from "../../domain/usage/calendar-span.ts";
import { readingPlan, type Stretch, type TimeRange } from "../../domain/usage/reading-plan.ts";
import { spansFor, summaryFor, summaryNumber, type UsageKey } from "../../domain/usage/summary.ts";
import type { UsageKeys, UsageSums } from "../../domain/usage/usage.ts";
import { fromRowTime, toRowTime } from "../timestamp.ts";
import { COLUMN_OF, KEY_COLUMNS, SUM_COLUMNS, usageOfTransactions } from "./usage-sql.ts";

/** By which keys and spans usage is grouped, and of what. */
export type UsageQuery = TimeRange &
  Readonly<{
    groupBy: ReadonlySet<UsageKey>;
    groupByKind: boolean;
    bucket: "day" | "hour" | undefined;
    filter: Partial<UsageKeys>;
    /** How many groups to tell apart; the rest is summed. */
    groupsMax: number;
  }>;

/** What one group used, in one bucket if there are any. */
export type UsageGroup = Readonly<{
  keys: UsageKeys;
  kind: ModelKind | undefined;
  startTime: Time | undefined;
  sums: UsageSums;
}>;

export type UsageReport = Readonly<{
  /** The dearest groups first, each group's buckets in order. */
  groups: readonly UsageGroup[];
  /** The other groups, together in each bucket. */
  rest: readonly UsageGroup[];
  restCount: bigint;
  version: bigint;
}>;

/** Where an organization's history stands for a range, and how far it is summed up. */
export type Landmarks = Readonly<{
  cursor: bigint;
  /** The last version before a time. */
  versionBefore: (time: Time) => Promise<bigint>;
}>;

type GroupRow = Readonly<{
  place: string;
  agent_id: string;
  model_id: string;
  workspace_id: string;
  member_id: string;
  run_id: string;
  kind: ModelKind | "";
  bucket: string | null;
  /** How many groups are not told apart. */
  rest: string;
  calls: string;
  late_calls: string;
  settled_micros: string;
  refunded_micros: string;
}>;

const SPANS_OF_BUCKET: Readonly<Record<"day" | "hour", readonly CalendarSpan[]>> = {
  hour: ["hour"],
  day: ["hour", "day"],
};

/**
 * Usage from summaries and, for what these do not have yet or not as finely, from
 * transactions; to be called in one snapshot, so that both are of one moment.
 */
export async function selectUsage(
  database: Kysely<unknown>,
  organizationId: string,
  query: UsageQuery,
  landmarks: Landmarks,
): Promise<UsageReport> {
  const { parts, version } = await partsOf(organizationId, query, landmarks);
  const grouped = groupColumns(query);
  const dearest = sql`order by consumed desc, ${KEY_COLUMNS}, kind`;
  const { rows } = await sql<GroupRow>`
    with parts as (${parts}),
    groups as (
      select ${grouped}, ${bucketOf(query.bucket)} as bucket, sum(p.calls) as calls, sum(p.late_calls) as late_calls,
        sum(p.settled_micros) as settled_micros, sum(p.refunded_micros) as refunded_micros
      from parts p left join model_kinds m on m.model_id = p.model_id
      where ${ofFilter(query.filter)}
      group by 1, 2, 3, 4, 5, 6, 7),
    ranked as (${rankedOf(query)}),
    -- Only of those that are told: sorting a million groups, and joining them, took most of the time.
    places as (
      select ${KEY_COLUMNS}, kind, row_number() over (${dearest}) as place
      from (select * from ranked ${dearest} limit ${query.groupsMax}) r)
    select coalesce(place, ${query.groupsMax + 1}) as place, ${TOLD_KEYS}, bucket, sum(calls) as calls,
      sum(late_calls) as late_calls, sum(settled_micros) as settled_micros, sum(refunded_micros) as refunded_micros,
      greatest((select count(*) from ranked) - ${query.groupsMax}, 0) as rest
    from groups left join places using (${KEY_COLUMNS}, kind)
    group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1, bucket`.execute(database);
  const told = (row: GroupRow) => Number(row.place) <= query.groupsMax;
  return {
    groups: rows.filter(told).map(fromRowGroup),
    rest: rows.filter((row) => !told(row)).map(fromRowGroup),
    restCount: BigInt(rows[0]?.rest ?? 0),
    version,
  };
}

/** The rows that together are all usage of the range, once. */
async function partsOf(
  organizationId: string,
  query: UsageQuery,
  { cursor, versionBefore }: Landmarks,
): Promise<{ parts: RawBuilder<unknown>; version: bigint }> {
  const keys = new Set([...query.groupBy, ...(Object.keys(query.filter) as UsageKey[])]);
  if (query.groupByKind) keys.add("modelId");
  const fine = query.bucket === undefined ? undefined : SPANS_OF_BUCKET[query.bucket];
  const spans = spansFor(keys).filter((span) => fine?.includes(span) ?? true);
  const { stretches } = readingPlan(query, spans);
  const summaries = stretches.map((stretch) => rowsOf(organizationId, keys, stretch));
  const version = await versionBefore(query.endTime);
  const first = await versionBefore(query.startTime);
  const ranges: { after: bigint; upTo: bigint }[] = [];
  if (stretches.length === 0) ranges.push({ after: first, upTo: version });
  else {
    // Transactions are in the order of their times, so that each whole stretch is a range of versions.
    const starts = stretches.map(({ startTime }) => startTime);
    const ends = stretches.map(({ endTime }) => endTime);
    const from = await versionBefore(starts.reduce((left, right) => (left < right ? left : right)));
    const to = await versionBefore(ends.reduce((left, right) => (left > right ? left : right)));
    const summedUp = cursor < to ? cursor : to;
    ranges.push({ after: first, upTo: from }, { after: summedUp > from ? summedUp : from, upTo: version });
  }
  const transactions = ranges
    .filter(({ after, upTo }) => after < upTo)
    .map((range) => usageOfTransactions({ organizationId, ...range }));
  const parts = [...summaries, ...transactions].map((part) => sql`(${part})`);
  return { parts: parts.length === 0 ? NOTHING : sql.join(parts, sql` union all `), version };
}

function rowsOf(
  organizationId: string,
  keys: ReadonlySet<UsageKey>,
  { span, startTime, endTime }: Stretch,
): RawBuilder<unknown> {
  const summary = summaryFor(keys, span);
  if (summary === undefined) throw new Error(`no summary by ${span} was planned for`);
  return sql`
    select start_time as time, ${KEY_COLUMNS}, ${SUM_COLUMNS} from usage_summaries
    where organization_id = ${organizationId} and keys = ${summaryNumber(summary)} and span = ${span}
      and start_time >= ${toRowTime(startTime)} and start_time < ${toRowTime(endTime)}`;
}

const NOTHING = sql`
  select now() as time, '' as agent_id, '' as model_id, '' as workspace_id, '' as member_id, '' as run_id,
    0 as calls, 0 as late_calls, 0 as settled_micros, 0 as refunded_micros where false`;

/** What is not grouped by is one for all. */
function groupColumns({ groupBy, groupByKind }: UsageQuery): RawBuilder<unknown> {
  const keys = (Object.keys(COLUMN_OF) as UsageKey[]).map((key) =>
    sql.raw(`${groupBy.has(key) ? `p.${COLUMN_OF[key]}` : "''"} as ${COLUMN_OF[key]}`),
  );
  return sql.join([...keys, groupByKind ? sql`coalesce(m.kind, '') as kind` : sql`'' as kind`]);
}

function bucketOf(bucket: UsageQuery["bucket"]): RawBuilder<unknown> {
  return bucket === undefined ? sql`null::timestamptz` : sql`date_trunc(${bucket}, p.time, 'UTC')`;
}

function ofFilter(filter: Partial<UsageKeys>): RawBuilder<unknown> {
  const conditions = Object.entries(filter).map(
    ([key, id]) => sql`p.${sql.ref(COLUMN_OF[key as UsageKey])} = ${id}`,
  );
  return sql.join([sql`true`, ...conditions], sql` and `);
}

/** What each group consumed; without buckets, each is one row already. */
function rankedOf({ bucket }: UsageQuery): RawBuilder<unknown> {
  const consumed = sql`settled_micros - refunded_micros`;
  return bucket === undefined
    ? sql`select ${KEY_COLUMNS}, kind, ${consumed} as consumed from groups`
    : sql`select ${KEY_COLUMNS}, kind, sum(${consumed}) as consumed from groups group by ${KEY_COLUMNS}, kind`;
}

/** The rest has no place, and names nobody. */
const TOLD_KEYS = sql.join(
  [...Object.values(COLUMN_OF), "kind"].map(
    (column) => sql`case when place is null then '' else ${sql.ref(column)} end as ${sql.ref(column)}`,
  ),
);

function fromRowGroup(row: GroupRow): UsageGroup {
  return {
    keys: {
      agentId: row.agent_id,
      modelId: row.model_id,
      workspaceId: row.workspace_id,
      memberId: row.member_id,
      runId: row.run_id,
    },
    kind: row.kind === "" ? undefined : row.kind,
    startTime: row.bucket === null ? undefined : fromRowTime(row.bucket),
    sums: fromRowSums(row),
  };
}

export function fromRowSums(
  row: Pick<GroupRow, "calls" | "late_calls" | "settled_micros" | "refunded_micros">,
): UsageSums {
  return {
    calls: BigInt(row.calls),
    lateCalls: BigInt(row.late_calls),
    settledMicros: BigInt(row.settled_micros),
    refundedMicros: BigInt(row.refunded_micros),
  };
}
