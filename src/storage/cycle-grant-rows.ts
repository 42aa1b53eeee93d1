import { type Kysely, sql } from "kysely";
import { fromRowOwnedGrant, type GrantRow, type OwnedGrant } from "./grant-rows.ts";
import type { Named } from "./named.ts";

/**
 * The grants of billing cycles, spent ones included: where thresholds are set, those
 * of the last cycle that began, of which shares are shares; where a cycle is voided,
 * those that expire after the last change, for a boundary may come first.
 */
export async function selectCycleGrants(
  database: Kysely<unknown>,
  { alerting, voiding }: Pick<Named, "alerting" | "voiding">,
): Promise<readonly OwnedGrant[]> {
  if (alerting.length === 0 && voiding.length === 0) return [];
  const { rows } = await sql<GrantRow>`
    select g.* from unnest(${alerting}::text[]) as k (o)
    join grants g on g.organization_id = k.o and g.kind = 'SUBSCRIPTION'
    where g.expire_time = (
      select max(expire_time) from grants where organization_id = k.o and kind = 'SUBSCRIPTION')
    union
    select g.* from unnest(${voiding}::text[]) as k (o)
    join accounts a on a.organization_id = k.o
    join grants g on g.organization_id = k.o and g.kind = 'SUBSCRIPTION' and g.expire_time > a.update_time`.execute(
    database,
  );
  return rows.map(fromRowOwnedGrant);
}
