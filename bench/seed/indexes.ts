import { createSession } from "../../src/storage/embedded/session.ts";

type Index = Readonly<{ name: string; definition: string }>;

/** What rows are loaded into by COPY. */
const TABLES = ["transactions", "reservations", "grants", "accounts"];

/** Sorting what is there is several times as fast as sorting in row by row. */
const MAINTENANCE_MEMORY = "512MB";

/**
 * Runs a load without the indexes that no constraint needs, and makes them again as they were; those that are kept
 * grow with the load, as they would in service.
 */
export async function withoutIndexes(
  url: string,
  kept: readonly string[],
  load: () => Promise<void>,
): Promise<void> {
  const indexes = await run<Index>(url, SELECT_INDEXES, [TABLES, kept]);
  for (const { name } of indexes) await run(url, `drop index ${name}`);
  await load();
  for (const { definition } of indexes)
    await run(url, `set maintenance_work_mem = '${MAINTENANCE_MEMORY}'; ${definition}`);
}

/**
 * Leaves the tables as a database has them that was not loaded a minute ago: with statistics, a visibility map, and
 * nothing left for autovacuum or a checkpoint to do in the middle of a measurement.
 */
export async function settleTables(url: string): Promise<void> {
  await run(url, "vacuum (freeze, analyze)");
  await run(url, "checkpoint");
}

const SELECT_INDEXES = `
  select quote_ident(i.indexname) as name, i.indexdef as definition from pg_indexes i
  where i.schemaname = current_schema and i.tablename = any($1) and i.indexname <> all($2)
    and not exists (select from pg_constraint c where c.conindid = i.indexname::regclass)`;

async function run<Row>(url: string, text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
  const session = createSession({ connectionString: url });
  await session.connect();
  try {
    return (await session.query<Row>(text, values)).rows;
  } finally {
    await session.end();
  }
}
