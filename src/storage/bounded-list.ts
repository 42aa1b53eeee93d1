import { type Kysely, type RawBuilder, sql } from "kysely";

export type BoundedList = Readonly<{
  table: "reservations" | "grants";
  /** Version 7: the newest has the largest. */
  key: "reservation_id" | "grant_id";
  organizationId: string;
  before: string | undefined;
  /** What few may meet. */
  conditions: readonly RawBuilder<unknown>[];
  size: number;
}>;

/** `before`: older than this the next page begins; undefined where there is none. */
export type BoundedPage<Row> = Readonly<{ rows: readonly Row[]; before: string | undefined }>;

/** So many rows are looked through for one page: about 3 ms. */
const PAGE_ROWS_MAX = 4_096;

/** The newest that meet conditions, of so many rows at most: a page may be shorter than it was asked to be. */
export async function selectBounded<Row extends Readonly<Record<string, unknown>>>(
  database: Kysely<unknown>,
  { table, key, organizationId, before, conditions, size }: BoundedList,
): Promise<BoundedPage<Row>> {
  const older = before === undefined ? sql`` : sql`and ${sql.ref(key)} < ${before}::uuid`;
  const within = sql`from ${sql.table(table)} where organization_id = ${organizationId} ${older}
    order by ${sql.ref(key)} desc`;
  const met = sql.join([sql`true`, ...conditions], sql` and `);
  const { rows } = await sql<Row>`
    select * from (select * ${within} limit ${PAGE_ROWS_MAX}) as looked_at
    where ${met} order by ${sql.ref(key)} desc limit ${size + 1}`.execute(database);
  const page = rows.slice(0, size);
  if (rows.length > size) return { rows: page, before: String(page.at(-1)?.[key]) };
  if (conditions.length === 0) return { rows: page, before: undefined };
  const last = await sql<{ id: string }>`
    select ${sql.ref(key)} as id ${within} limit 1 offset ${PAGE_ROWS_MAX - 1}`.execute(database);
  return { rows: page, before: last.rows[0]?.id };
}
