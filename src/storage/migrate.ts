import { sql } from "kysely";
import { inTransaction } from "./database-transaction.ts";
import { createOrm, type Orm } from "./orm.ts";

/** Any number that no other program takes as an advisory lock on this database. */
const MIGRATION_LOCK = 7_310_579_421_023n;

/**
 * Brings the database to the newest schema. Servers that start together take
 * turns. Where another role serves, it may read and write, but not rewrite history (R-HIST-1).
 */
export async function migrate(url: string, servingUrl: string = url): Promise<void> {
  const timeoutMs = 60_000;
  const orm = createOrm({
    url,
    connectionsMax: 4,
    lockTimeoutMs: timeoutMs,
    idleInTransactionTimeoutMs: timeoutMs,
    statementTimeoutMs: timeoutMs,
  });
  try {
    await inTransaction(orm, "write", async (em) => {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(em.getKysely());
      await orm.migrator.up();
    });
    const servingRole = roleOf(servingUrl);
    if (servingRole !== roleOf(url)) await allowServing(orm, servingRole);
  } finally {
    await orm.close(true);
  }
}

async function allowServing(orm: Orm, role: string): Promise<void> {
  const name = sql.id(role);
  const kysely = orm.em.fork().getKysely();
  await sql`grant select, insert, update, delete on accounts, grants, debts, reservations, subscriptions, test_clocks to ${name}`.execute(
    kysely,
  );
  await sql`grant select, insert on transactions, catalogues to ${name}`.execute(kysely);
  await sql`revoke update, delete, truncate on transactions from ${name}`.execute(kysely);
}

function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}
