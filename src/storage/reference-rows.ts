import { type Kysely, sql } from "kysely";
import { keyRows } from "./key-rows.ts";
import type { Key } from "./named.ts";

export type UsedReference = Readonly<{ organizationId: string; reference: string; grantId: string }>;

/** The grants whose references begin so. `~` comes after every character that a reference may have. */
export async function selectReferences(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly UsedReference[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ organization_id: string; reference: string; grant_id: string }>`
    select g.organization_id, g.reference, g.grant_id
    from ${keyRows(keys, "text")}
    join grants g on g.organization_id = k.o and g.reference >= k.i and g.reference < k.i || '~'`.execute(
    database,
  );
  return rows.map((row) => ({
    organizationId: row.organization_id,
    reference: row.reference,
    grantId: row.grant_id,
  }));
}
