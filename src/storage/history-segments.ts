import { type Kysely, type RawBuilder, sql } from "kysely";
import { inTransaction } from "./database-transaction.ts";
import type { Orm } from "./orm.ts";

/** Segment n has the versions from 512 n + 1 to 512 n + 512. */
export const SEGMENT_VERSIONS = 512n;

/** The columns of transactions by which segments can be found. */
export type SegmentField = "kind" | "agent_id" | "member_id" | "model_id" | "workspace_id";

/** Any of these values in a column. */
export type SegmentCondition = Readonly<{ field: SegmentField; values: readonly string[] }>;

const FIELDS: readonly SegmentField[] = ["kind", "agent_id", "member_id", "model_id", "workspace_id"];

const COLUMNS = FIELDS.map((field) => `t.${field}`);
/** Each field by itself, through all changes once: an eighth of the time that it takes to part each change into its fields. */
const EACH_FIELD = sql.raw(COLUMNS.map((column) => `(t.segment, ${column})`).join(", "));
const FIELD_NAME = sql.raw(
  `case ${FIELDS.map((field) => `when grouping(t.${field}) = 0 then '${field}'`).join(" ")} end`,
);
/** The others are null then. */
const FIELD_VALUE = sql.raw(`coalesce(${COLUMNS.join(", ")})`);

/** So many are written by one transaction; to find what is in them takes about 20 ms. */
const BATCH_SEGMENTS = 32n;

/** `last`: where the next page goes on; undefined after the last one. */
export type IndexingPage = Readonly<{ organizationIds: readonly string[]; last: string | undefined }>;

/** Of so many organizations after one, by id, those with segments that are complete and not indexed yet. */
export async function organizationsToIndex(orm: Orm, after: string, limit: number): Promise<IndexingPage> {
  const { rows } = await sql<{ organization_id: string; due: boolean }>`
    select a.organization_id, a.version / ${SEGMENT_VERSIONS} > coalesce(h.segments, 0) as due
    from (select organization_id, version from accounts where organization_id > ${after}
      order by organization_id limit ${limit}) a
    left join history_indexing h using (organization_id)
    order by a.organization_id`.execute(orm.em.fork().getKysely());
  const organizationIds = rows.flatMap(({ organization_id, due }) => (due ? [organization_id] : []));
  return { organizationIds, last: rows.length < limit ? undefined : rows.at(-1)?.organization_id };
}

/**
 * Indexes the next segments of an organization; resolves to whether more are complete.
 * One server at a time does it: another one finds the row locked, and leaves it alone.
 */
export function indexSegments(orm: Orm, organizationId: string): Promise<boolean> {
  return inTransaction(orm, "write", async (em) => {
    const database = em.getKysely<unknown>();
    await sql`insert into history_indexing values (${organizationId}, 0) on conflict do nothing`.execute(
      database,
    );
    const { rows } = await sql<{ segments: string; complete: string }>`
      select h.segments, a.version / ${SEGMENT_VERSIONS} as complete from history_indexing h
      join accounts a using (organization_id)
      where organization_id = ${organizationId} for update of h skip locked`.execute(database);
    const [locked] = rows;
    if (!locked) return false;
    const from = BigInt(locked.segments);
    const complete = BigInt(locked.complete);
    const to = from + BATCH_SEGMENTS < complete ? from + BATCH_SEGMENTS : complete;
    if (to <= from) return false;
    await sql`
      insert into history_segments (organization_id, field, value, segment)
      select ${organizationId}, ${FIELD_NAME}, ${FIELD_VALUE}, t.segment
      from (select *, (version - 1) / ${SEGMENT_VERSIONS} as segment from transactions
        where organization_id = ${organizationId}
          and version > ${from * SEGMENT_VERSIONS} and version <= ${to * SEGMENT_VERSIONS}) t
      group by grouping sets (${EACH_FIELD}) having ${FIELD_VALUE} is not null`.execute(database);
    await sql`
      update history_indexing set segments = ${to} where organization_id = ${organizationId}`.execute(
      database,
    );
    return to < complete;
  });
}

/** Up to which version history is indexed, and the last segments in a range that meet all conditions, last one first. */
export type FoundSegments = Readonly<{ indexed: bigint; segments: readonly bigint[] }>;

export async function findSegments(
  database: Kysely<unknown>,
  organizationId: string,
  [first, ...others]: readonly SegmentCondition[],
  { from, to, limit }: Readonly<{ from: bigint; to: bigint; limit: number }>,
): Promise<FoundSegments> {
  if (!first) throw new Error("segments of no condition");
  const entry = (field: SegmentField, value: string): RawBuilder<unknown> =>
    sql`organization_id = ${organizationId} and field = ${field} and value = ${value}`;
  const also = others.map(
    ({ field, values }) => sql`and exists (
      select from history_segments o where o.organization_id = ${organizationId} and o.field = ${field}
        and o.value = any(${[...values]}::text[]) and o.segment = s.segment)`,
  );
  const each = first.values.map(
    (value) => sql`(select segment from history_segments s
      where ${entry(first.field, value)} and segment between ${from} and ${to} ${sql.join(also, sql` `)}
      order by segment desc limit ${limit})`,
  );
  const { rows } = await sql<{ indexed: string | null; segments: string[] }>`
    select (select segments from history_indexing where organization_id = ${organizationId}) as indexed,
      array(select distinct segment from (${sql.join(each, sql` union all `)}) as found
        order by segment desc limit ${limit})::text[] as segments`.execute(database);
  const [{ indexed, segments } = { indexed: null, segments: [] }] = rows;
  return { indexed: BigInt(indexed ?? 0) * SEGMENT_VERSIONS, segments: segments.map(BigInt) };
}
