import { sql } from "kysely";
import { indexSegments } from "../../src/storage/history-segments.ts";
import type { Orm } from "../../src/storage/orm.ts";
import { rollUp } from "../../src/storage/usage/roll-up.ts";

const PAGE = 1_000;
const TRANSACTIONS_MAX = 50_000;

/** Sums up and indexes what follows behind the transactions, as servers would have done by then. */
export async function follow(orm: Orm): Promise<void> {
  for (let last = ""; ; ) {
    const { rows } = await sql<{ organization_id: string }>`
      select organization_id from accounts where organization_id > ${last}
      order by organization_id limit ${PAGE}`.execute(orm.em.fork().getKysely());
    for (const { organization_id: id } of rows) {
      while ((await rollUp(orm, id, TRANSACTIONS_MAX)) !== 0n);
      while (await indexSegments(orm, id));
    }
    if (rows.length < PAGE) return;
    last = rows.at(-1)?.organization_id ?? "";
  }
}
