import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chooseAccount } from "../../src/storage/embedded/account.ts";
import { defaultDataDirectory } from "../../src/storage/embedded/default-data-directory.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/storage/embedded/embedded-postgres.ts";
import { processExists } from "../../src/storage/embedded/postmaster.ts";

const FOLDER_PREFIX = "test-";
const CLUSTER_PREFIX = `${FOLDER_PREFIX}cluster-`;

let cluster: Promise<EmbeddedPostgres> | undefined;

/** The PostgreSQL of this test run, started by whoever asks first. */
export function testCluster(): Promise<EmbeddedPostgres> {
  cluster ??= startCluster();
  return cluster;
}

/** Stops the cluster of this run and removes its data; does nothing if no test needed one. */
export async function stopTestCluster(): Promise<void> {
  const running = await cluster?.catch(() => undefined);
  cluster = undefined;
  if (running !== undefined) {
    await running.stop();
    await rm(running.dataDirectory, { recursive: true, force: true });
  }
}

/**
 * Makes a folder for a test, where the user that runs PostgreSQL can reach it: beside the default data directory,
 * for that is the place which was chosen to be reachable. The caller removes it.
 */
export async function makeTestFolder(): Promise<string> {
  return await mkdtemp(join(await testFolderParent(), FOLDER_PREFIX));
}

async function startCluster(): Promise<EmbeddedPostgres> {
  const parent = await testFolderParent();
  await removeLeftClusters(parent);
  // The folder's name tells the next run whether this one still runs.
  const dataDirectory = join(parent, `${CLUSTER_PREFIX}${process.pid}`);
  return await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
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
