import { setTimeout as delay } from "node:timers/promises";
import { RUN_PREFIX, runStatement, testCluster } from "./cluster.ts";

export type TestDatabase = {
  readonly url: string;
  /** Fails if somebody still has a session open to it: whatever the test started must have been stopped. */
  drop(): Promise<void>;
};

const TEMPLATE = `${RUN_PREFIX}template`;

/** Closing a pool does not wait for the server's side of its sessions, which ends a moment later. */
const SESSIONS_END_TIMEOUT_MS = 1_000;

let template: Promise<void> | undefined;
let created = 0;

/** A database of its own for a test file, with all migrations applied: cloned, so that this takes milliseconds. */
export async function createTestDatabase(): Promise<TestDatabase> {
  template ??= makeTemplate();
  await template;
  created += 1;
  const name = `${RUN_PREFIX}${created}`;
  await administer(`create database ${name} template ${TEMPLATE}`);
  return { url: await urlOf(name), drop: () => dropDatabase(name) };
}

/** A database without any tables, for tests of the migrations themselves. */
export async function createEmptyTestDatabase(): Promise<TestDatabase> {
  created += 1;
  const name = `${RUN_PREFIX}${created}`;
  await administer(`create database ${name} template template0`);
  return { url: await urlOf(name), drop: () => dropDatabase(name) };
}

async function makeTemplate(): Promise<void> {
  // Imported here, because a test that needs no tables must run without the migrations.
  const { migrate } = await import("../../src/storage/migrate.ts");
  await administer(`create database ${TEMPLATE}`);
  await migrate(await urlOf(TEMPLATE));
  const open = await sessionsAfterGrace(TEMPLATE);
  if (open.length > 0) {
    throw new Error(`the migrations left sessions open: ${open.join("; ")}`);
  }
}

async function dropDatabase(name: string): Promise<void> {
  const open = await sessionsAfterGrace(name);
  await administer(`drop database ${name} with (force)`);
  if (open.length > 0) {
    throw new Error(`the test left sessions open: ${open.join("; ")}`);
  }
}

/** The sessions that are still there after those which are ending have had their time. */
async function sessionsAfterGrace(name: string): Promise<string[]> {
  const deadline = Date.now() + SESSIONS_END_TIMEOUT_MS;
  for (;;) {
    const open = await administer<{ line: string }>(
      `select concat_ws(' ', pid, application_name, state, query) as line from pg_stat_activity
        where datname = '${name}' and backend_type = 'client backend'`,
    );
    if (open.length === 0 || Date.now() > deadline) {
      return open.map(({ line }) => line);
    }
    await delay(10);
  }
}

async function administer<Row>(statement: string): Promise<readonly Row[]> {
  return await runStatement<Row>(await urlOf("postgres"), statement);
}

async function urlOf(name: string): Promise<string> {
  const url = new URL((await testCluster()).url);
  url.pathname = name;
  return url.href;
}
