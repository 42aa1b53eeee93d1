import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { inTransaction } from "./database-transaction.ts";
import { createOrm, type Orm } from "./orm.ts";

/** Any number that no other program takes as an advisory lock on this database. */
const MIGRATION_LOCK = 7_310_579_421_023n;

/** How often a server looks whether the one that migrates is done. */
const POLL_INTERVAL_MS = 50;

/**
 * Brings the database to the newest schema. Servers that start together take
 * turns. Where nothing is to be done, the role need not be allowed to. Where another
 * role serves, it may read and write, but not rewrite history (R-HIST-1).
 */
export async function migrate(url: string, servingUrl: string = url, signal?: AbortSignal): Promise<void> {
  const timeoutMs = 60_000;
  const orm = createOrm({
    url,
    connectionsMax: 4,
    lockTimeoutMs: timeoutMs,
    idleInTransactionTimeoutMs: timeoutMs,
    statementTimeoutMs: timeoutMs,
  });
  try {
    if (await isPending(orm)) {
      await inTransaction(orm, "write", async (em) => {
        await takeTurn(em, signal);
        await orm.migrator.up();
      });
    }
    const servingRole = roleOf(servingUrl);
    if (servingRole !== roleOf(url)) await allowServing(orm, servingRole);
  } finally {
    await orm.close(true);
  }
}

/** The migrator would make its table if there were none, which two servers must not do at once. */
async function isPending(orm: Orm): Promise<boolean> {
  const found = await sql<{ found: boolean }>`select to_regclass('migrations') is not null as found`.execute(
    orm.em.fork().getKysely(),
  );
  return !found.rows[0]?.found || (await orm.migrator.getPending()).length > 0;
}

/** It asks rather than waits, because nothing could end a wait in the database when the server is told to stop. */
async function takeTurn(em: EntityManager, signal: AbortSignal | undefined): Promise<void> {
  const turn = sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as taken`;
  while (!(await turn.execute(em.getKysely())).rows[0]?.taken) {
    await delay(POLL_INTERVAL_MS);
    signal?.throwIfAborted();
  }
}

async function allowServing(orm: Orm, role: string): Promise<void> {
  const name = sql.id(role);
  const kysely = orm.em.fork().getKysely();
  await sql`grant select, insert, update on accounts, grants, debts, reservations, subscriptions to ${name}`.execute(
    kysely,
  );
  await sql`grant select, insert, update, delete on alert_settings, alerts, test_clocks to ${name}`.execute(
    kysely,
  );
  await sql`grant select, update on alert_feed to ${name}`.execute(kysely);
  await sql`grant select, insert, update on usage_cursors, usage_summaries, usage_runs, model_kinds to ${name}`.execute(
    kysely,
  );
  await sql`grant select, insert on history_segments to ${name}`.execute(kysely);
  await sql`grant select, insert, update on history_indexing to ${name}`.execute(kysely);
  await sql`revoke delete, truncate on accounts, grants, debts, reservations, subscriptions from ${name}`.execute(
    kysely,
  );
  // An account whose first command was refused is taken out again.
  await sql`grant delete on accounts to ${name}`.execute(kysely);
  await sql`grant select, insert on transactions, catalogues, rate_cards to ${name}`.execute(kysely);
  await sql`revoke update, delete, truncate on transactions, rate_cards from ${name}`.execute(kysely);
  await sql`grant select on migrations to ${name}`.execute(kysely);
  // Public may everywhere but where the defaults were hardened. Those of triggers need no right of who sets them off.
  await sql`grant execute on function require_rows(text, bigint, bigint) to ${name}`.execute(kysely);
}

function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}
