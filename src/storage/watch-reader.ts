import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import type { Time } from "../domain/time.ts";
import { AccountEntity, type AccountRow, fromRowAccount } from "./account-entity.ts";
import type { Orm } from "./orm.ts";
import { fromRowTime } from "./timestamp.ts";

/** How things stood in the database at one moment. */
export type Comparison = Readonly<{
  /** Those of the organizations asked for that are open. */
  states: readonly WatchedState[];
  /** The place of the last alert of all organizations. */
  sequence: bigint;
  compareTime: Time;
}>;

type ComparisonRow = Record<string, unknown> &
  Readonly<{ organization_id: string | null; sequence: string; now: string }>;

/** What those who watch compare with. */
export class WatchReader {
  readonly #orm: Orm;

  constructor(orm: Orm) {
    this.#orm = orm;
  }

  /** One statement, whatever the number of organizations. */
  async compare(organizationIds: readonly string[]): Promise<Comparison> {
    const em = this.#orm.em.fork();
    const { rows } = await sql<ComparisonRow>`
      select a.*, f.sequence, clock_timestamp() as now from alert_feed f
      left join (unnest(${organizationIds}::text[]) as k (o)
        join accounts a on a.organization_id = k.o and a.version > 0) on true`.execute(em.getKysely());
    const [first] = rows;
    if (!first) throw new Error("the alert feed has no row");
    const open = rows.filter(({ organization_id }) => organization_id !== null);
    return {
      states: open.map((row) => fromRowState(em.map(AccountEntity, row))),
      sequence: BigInt(first.sequence),
      compareTime: fromRowTime(first.now),
    };
  }

  /**
   * Tells databases apart, so that a position in one is not taken for one in another:
   * by a number of its own, and by its place in its cluster, which a copy does not share.
   */
  async databaseId(): Promise<string> {
    const { rows } = await sql<{ database_id: string; oid: string }>`
      select f.database_id, d.oid::text from alert_feed f
      join pg_database d on d.datname = current_database()`.execute(this.#orm.em.fork().getKysely());
    const [row] = rows;
    if (!row) throw new Error("the alert feed has no row");
    return createHash("sha256").update(`${row.database_id} ${row.oid}`).digest("base64url").slice(0, 12);
  }
}

function fromRowState(row: AccountRow): WatchedState {
  return { account: fromRowAccount(row), alertNumber: BigInt(row.alertNumber) };
}
