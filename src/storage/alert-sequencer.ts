import { sql } from "kysely";
import { inTransaction } from "./database-transaction.ts";
import type { Orm } from "./orm.ts";

/** So many alerts are numbered by one transaction. */
const BATCH_ALERTS = 1_000;

/**
 * Gives committed alerts their places among those of all organizations; resolves to
 * the last place given, or to undefined where there was nothing to do. The lock
 * on the feed's row lets one server at a time do it, and is held until the commit:
 * so places become visible in their order, and none is filled in later.
 */
export function sequenceAlerts(orm: Orm): Promise<bigint | undefined> {
  return inTransaction(orm, "write", async (em) => {
    const database = em.getKysely<unknown>();
    const feed = await sql<{ sequence: string }>`
      select sequence from alert_feed for update`.execute(database);
    const [locked] = feed.rows;
    if (!locked) return undefined;
    // The highest time so far keeps an organization's order, even where a clock was set back.
    const { rows } = await sql<{ sequence: string }>`
      update alerts a set sequence = ${locked.sequence}::bigint + n.place
      from (select *, row_number() over (order by time, organization_id, alert_number) as place from (
        select organization_id, alert_number, max(record_time)
            over (partition by organization_id order by alert_number) as time
          from alerts where sequence is null) t
        order by time, organization_id, alert_number limit ${BATCH_ALERTS}) n
      where a.organization_id = n.organization_id and a.alert_number = n.alert_number
      returning a.sequence`.execute(database);
    if (rows.length === 0) return undefined;
    const sequence = BigInt(locked.sequence) + BigInt(rows.length);
    await sql`update alert_feed set sequence = ${sequence}`.execute(database);
    return sequence;
  });
}

/** Whether any alert waits for its place. */
export async function hasUnsequencedAlerts(orm: Orm): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from alerts where sequence is null) as found`.execute(orm.em.fork().getKysely());
  return rows[0]?.found ?? false;
}

/**
 * Deletes alerts that are older than they are kept, the oldest first and without
 * holes; at most so many. Resolves to their number.
 */
export async function deleteOldAlerts(orm: Orm, keptMs: number, limit: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    with oldest as (
      select organization_id, alert_number, sequence, record_time from alerts
      where sequence is not null order by sequence limit ${limit}),
    kept as (
      select min(sequence) as first from oldest
      where record_time >= clock_timestamp() - ${keptMs} * interval '1 millisecond')
    delete from alerts a using oldest o, kept k
    where a.organization_id = o.organization_id and a.alert_number = o.alert_number
      and (k.first is null or o.sequence < k.first)`.execute(orm.em.fork().getKysely());
  return Number(numAffectedRows);
}
