import { stopTestCluster } from "./cluster.ts";

/** Mocha calls this once, after all files. The cluster is started by the first test that asks for a database. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestCluster();
}
