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
  const border = sql`select ${sql.ref(key)} ${within} limit 1 offset ${PAGE_ROWS_MAX - 1}`;
  // By one statement, since what is new meanwhile would move the border and repeat rows on the next page;
  // it is looked for only where the page needs it.
  const { rows: found } = await sql<Row & Readonly<{ border: string | null }>>`
    with page as materialized (
      select * from (select * ${within} limit ${PAGE_ROWS_MAX}) as looked_at
      where ${met} order by ${sql.ref(key)} desc limit ${size + 1})
    select page.*, border from (
      select case when (select count(*) from page) <= ${size} then (${border}) end as border) as last
    left join page on true order by ${sql.ref(key)} desc`.execute(database);
  const rows = found.filter((row) => row[key] !== null);
  const page = rows.slice(0, size);
  if (rows.length > size) return { rows: page, before: String(page.at(-1)?.[key]) };
  return { rows: page, before: conditions.length === 0 ? undefined : (found[0]?.border ?? undefined) };
}
