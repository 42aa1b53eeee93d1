import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import type { Time } from "../../src/domain/time.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { fromRowTime } from "../../src/storage/timestamp.ts";
import type { UsageQuery } from "../../src/storage/usage/usage-reader.ts";
import { UsageSnapshot } from "../../src/storage/usage/usage-snapshot.ts";

const TIMEOUTS = { lockTimeoutMs: 5_000, idleInTransactionTimeoutMs: 60_000, statementTimeoutMs: 60_000 };

type Totals = Readonly<
  Record<string, readonly [calls: string, late: string, settled: string, refunded: string]>
>;

/** The organizations of a database whose usage by run is not what adding up all of their transactions gives. */
export async function wrongUsage(url: string): Promise<readonly string[]> {
  const orm = createOrm({ url, connectionsMax: 2, ...TIMEOUTS });
  try {
    const { rows } = await sql<{ organization_id: string; first: string; last: string }>`
      select organization_id, min(effective_time) as first, max(effective_time) as last
      from transactions group by 1`.execute(orm.em.fork().getKysely());
    const wrong: string[] = [];
    for (const { organization_id: id, first, last } of rows) {
      const told = await toldUsage(orm, id, fromRowTime(first), fromRowTime(last));
      if (!isDeepStrictEqual(told, await rawUsage(orm, id)))
        wrong.push(`usage of ${id}: ${JSON.stringify(told)}`);
    }
    return wrong;
  } finally {
    await orm.close(true);
  }
}

async function toldUsage(orm: Orm, organizationId: string, first: Time, last: Time): Promise<Totals> {
  const query: UsageQuery = {
    startTime: first,
    endTime: last + 1n,
    groupBy: new Set(["runId"]),
    groupByKind: false,
    bucket: undefined,
    filter: {},
    groupsMax: 1_000,
  };
  const { groups } = await UsageSnapshot.read(orm, organizationId, (snapshot) => snapshot.usage(query));
  return byName(
    groups.map(({ keys: { runId }, sums }) => {
      const { calls, lateCalls, settledMicros, refundedMicros } = sums;
      return [runId, calls, lateCalls, settledMicros, refundedMicros];
    }),
  );
}

async function rawUsage(orm: Orm, organizationId: string): Promise<Totals> {
  const { rows } = await sql<Record<"run" | "calls" | "late" | "settled" | "refunded", string>>`
    select coalesce(run_id, '') as run, sum((kind <> 'REFUND')::int) as calls, sum(coalesce(late, false)::int) as late,
      sum(case when kind = 'REFUND' then 0 else amount_micros end) as settled,
      sum(case when kind = 'REFUND' then amount_micros else 0 end) as refunded
    from transactions where organization_id = ${organizationId} and kind in ('SETTLE', 'CHARGE', 'REFUND')
    group by 1`.execute(orm.em.fork().getKysely());
  return byName(rows.map(({ run, calls, late, settled, refunded }) => [run, calls, late, settled, refunded]));
}

function byName(rows: readonly (readonly [string, ...unknown[]])[]): Totals {
  const named = rows.map(([name, ...sums]) => [name, sums.map(String)] as const);
  return Object.fromEntries(
    [...named].sort(([left], [right]) => (left < right ? -1 : 1)),
  ) as unknown as Totals;
}
