import { sql } from "kysely";
import type { Orm } from "../orm.ts";

/** Summed up to the cursor, and changed up to the version. */
export type Behind = Readonly<{ organizationId: string; cursor: bigint; version: bigint }>;

/**
 * Looks at the next accounts after one, so many at most: which of them have
 * transactions that are not summed up, from which version on, and which was the last; empty after the last
 * of all. Two walks along primary keys, whatever there is besides.
 */
export async function organizationsBehind(
  orm: Orm,
  after: string,
  accountsMax: number,
): Promise<{ behind: readonly Behind[]; last: string }> {
  const { rows } = await sql<{ organization_id: string; version: string; cursor: string }>`
    select a.organization_id, a.version, coalesce(c.version, 0) as cursor
    from (select organization_id, version from accounts where organization_id > ${after}
      order by organization_id limit ${accountsMax}) a
    left join usage_cursors c on c.organization_id = a.organization_id
    order by a.organization_id`.execute(orm.em.fork().getKysely());
  const last = rows.length < accountsMax ? "" : (rows.at(-1)?.organization_id ?? "");
  const all = rows.map((row) => ({
    organizationId: row.organization_id,
    cursor: BigInt(row.cursor),
    version: BigInt(row.version),
  }));
  return { behind: all.filter(({ cursor, version }) => cursor < version), last };
}
