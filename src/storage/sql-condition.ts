import { type RawBuilder, sql } from "kysely";

/** What all of the conditions ask for; one that does not apply is false. */
export function all(conditions: readonly (RawBuilder<unknown> | false)[]): RawBuilder<unknown> {
  return sql.join(
    conditions.filter((condition) => condition !== false),
    sql` and `,
  );
}
