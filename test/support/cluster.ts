import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chooseAccount } from "../../src/storage/embedded/account.ts";
import { defaultDataDirectory } from "../../src/storage/embedded/default-data-directory.ts";
import { startEmbeddedPostgres } from "../../src/storage/embedded/embedded-postgres.ts";
import { processExists } from "../../src/storage/embedded/postmaster.ts";
import { createSession } from "../../src/storage/embedded/session.ts";

/** `url` is of a superuser. */
type Cluster = Readonly<{ url: string; stop: () => Promise<void> }>;

const FOLDER_PREFIX = "test-";
const CLUSTER_PREFIX = `${FOLDER_PREFIX}cluster-`;

/** How the names of this run's databases and roles begin: others may test on the same server. */
export const RUN_PREFIX = `test_${process.pid}_${Date.now().toString(36)}_`;

let cluster: Promise<Cluster> | undefined;

/** The PostgreSQL of this test run, an embedded one if no other is named, started by whoever asks first. */
export function testCluster(): Promise<Cluster> {
  const { TEST_DATABASE_URL: other } = process.env;
  cluster ??= other ? Promise.resolve(clusterAt(other)) : startCluster();
  return cluster;
}

/** Stops the cluster of this run and removes its data; does nothing if no test needed one. */
export async function stopTestCluster(): Promise<void> {
  const running = await cluster?.catch(() => undefined);
  cluster = undefined;
  await running?.stop();
}

/** Runs one statement in a session of its own. */
export async function runStatement<Row>(url: string, statement: string): Promise<readonly Row[]> {
  const session = createSession({ connectionString: url });
  await session.connect();
  try {
    return (await session.query<Row>(statement)).rows;
  } finally {
    await session.end();
  }
}

/**
 * Makes a folder for a test, where the user that runs PostgreSQL can reach it: beside the default data directory,
 * for that is the place which was chosen to be reachable. The caller removes it.
 */
export async function makeTestFolder(): Promise<string> {
  return await mkdtemp(join(await testFolderParent(), FOLDER_PREFIX));
}

async function startCluster(): Promise<Cluster> {
  const parent = await testFolderParent();
  await removeLeftClusters(parent);
  // The folder's name tells the next run whether this one still runs.
  const dataDirectory = join(parent, `${CLUSTER_PREFIX}${process.pid}`);
  const running = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
  const stop = async (): Promise<void> => {
    await running.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  };
  return { url: running.url, stop };
}

/** A server that stays: what tests made there and did not drop goes. */
function clusterAt(address: string): Cluster {
  const url = Object.assign(new URL(address), { pathname: "postgres" }).href;
  return { url, stop: () => dropDatabases(url) };
}

async function dropDatabases(url: string): Promise<void> {
  const made = `select datname as name from pg_database where starts_with(datname, '${RUN_PREFIX}')`;
  for (const { name } of await runStatement<{ name: string }>(url, made))
    await runStatement(url, `drop database ${name} with (force)`);
}

async function testFolderParent(): Promise<string> {
  const parent = dirname(await defaultDataDirectory(await chooseAccount()));
  await mkdir(parent, { recursive: true, mode: 0o755 });
  return parent;
}

/** A run that was killed leaves its server behind: starting on the same data adopts it, so that it can be stopped. */
async function removeLeftClusters(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(CLUSTER_PREFIX));
  for (const name of names.filter((left) => !processExists(Number(left.slice(CLUSTER_PREFIX.length))))) {
    const dataDirectory = join(parent, name);
    const left = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
    await left.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}
