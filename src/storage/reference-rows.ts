import { type Kysely, sql } from "kysely";

export type UsedReference = Readonly<{ organizationId: string; reference: string; grantId: string }>;

/** The grants whose references begin so. `~` comes after every character that a reference may have. */
export async function selectReferences(
  database: Kysely<unknown>,
  keys: readonly (readonly [organizationId: string, prefix: string])[],
): Promise<readonly UsedReference[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ organization_id: string; reference: string; grant_id: string }>`
    select g.organization_id, g.reference, g.grant_id
    from unnest(${keys.map(([id]) => id)}::text[], ${keys.map(([, prefix]) => prefix)}::text[]) as k (o, p)
    join grants g on g.organization_id = k.o and g.reference >= k.p and g.reference < k.p || '~'`.execute(
    database,
  );
  return rows.map((row) => ({
    organizationId: row.organization_id,
    reference: row.reference,
    grantId: row.grant_id,
  }));
}
