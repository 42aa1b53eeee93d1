import { type RawBuilder, sql } from "kysely";
import { ArrayBytes } from "./array-bytes.ts";
import type { Key } from "./named.ts";

/** A key is an organization's name and a UUID, mostly; arrays that need more get memory of their own. */
const KEY_BYTES = 96;

/**
 * Organizations and ids of theirs as the rows `k (o, i)`, for others to be joined with. A join's plan stays good: that of
 * `= any(...)`, made on a near-empty table, is 4x slower once the table has grown.
 */
export function keyRows(keys: readonly Key[], type: "uuid" | "text"): RawBuilder<unknown> {
  const bytes = new ArrayBytes(KEY_BYTES * (keys.length + 1));
  const organizationIds = bytes.write("text", keys, ([organizationId]) => organizationId);
  const ids = bytes.write(type, keys, ([, id]) => id);
  return sql`(select unnest(${organizationIds}::text[]) o, unnest(${ids}::${sql.raw(type)}[]) i) k`;
}
