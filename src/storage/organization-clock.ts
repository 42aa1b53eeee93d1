import { type Kysely, sql } from "kysely";
import type { Time } from "../domain/time.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";

/** What time it is for an organization. */
export type OrganizationClock = (organizationId: string) => Time;

/** Whether organizations may have clocks of their own, which stand where a test has set them. */
export type ClockSource = "database" | "test clocks";

/** The database's clock, and the test clocks of these organizations where the server was started with any. */
export async function readClock(
  database: Kysely<unknown>,
  source: ClockSource,
  organizationIds: readonly string[],
): Promise<OrganizationClock> {
  const { rows } = await sql<{ now: string }>`select clock_timestamp() as now`.execute(database);
  if (!rows[0]) throw new Error("the database has no clock");
  const now = fromRowTime(rows[0].now);
  if (source === "database") return () => now;
  const clocks = await selectTestClocks(database, organizationIds);
  return (organizationId) => clocks.get(organizationId) ?? now;
}

export async function selectTestClocks(
  database: Kysely<unknown>,
  organizationIds: readonly string[],
): Promise<ReadonlyMap<string, Time>> {
  const { rows } = await sql<{ organization_id: string; clock_time: string }>`
    select organization_id, clock_time from test_clocks
    where organization_id = any(${organizationIds}::text[])`.execute(database);
  return new Map(rows.map((row) => [row.organization_id, fromRowTime(row.clock_time)]));
}

/** Where two set it at once, the later time stays: it never goes back. */
export async function saveTestClock(
  database: Kysely<unknown>,
  organizationId: string,
  time: Time,
): Promise<void> {
  await sql`
    insert into test_clocks (organization_id, clock_time) values (${organizationId}, ${toRowTime(time)})
    on conflict (organization_id) do update
    set clock_time = greatest(test_clocks.clock_time, excluded.clock_time)`.execute(database);
}
