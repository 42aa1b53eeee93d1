import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { createTestDatabase } from "../test/support/database.ts";
import { createPool } from "./baseline/postgres-session.ts";

/** Where a run took place, for who reads its figures later. */
export type Machine = Readonly<{
  processor: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  postgres: string;
  /** Settings of PostgreSQL that no figure may be bought with. */
  durability: Readonly<Record<string, string>>;
  /** How busy it was with other work before the run began. */
  loadBefore: number;
}>;

const DURABILITY = ["fsync", "synchronous_commit", "full_page_writes"];

export async function describeMachine(): Promise<Machine> {
  const [loadBefore = 0] = loadavg();
  const settings = await readSettings();
  const { server_version: postgres = "", ...durability } = settings;
  return {
    processor: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    postgres,
    durability,
    loadBefore,
  };
}

async function readSettings(): Promise<Readonly<Record<string, string>>> {
  const database = await createTestDatabase();
  const pool = createPool(database.url, 1);
  const client = await pool.connect();
  const { rows } = await client.query<{ name: string; setting: string }>({
    text: "select name, setting from pg_settings where name = any($1)",
    values: [[...DURABILITY, "server_version"]],
  });
  client.release();
  await pool.end();
  await database.drop();
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

export function machineText(machine: Machine): string {
  const { processor, cores, memoryGiB, system, node, postgres, durability, loadBefore } = machine;
  const settings = Object.entries(durability).map(([name, setting]) => `${name} ${setting}`);
  return [
    `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, load ${loadBefore.toFixed(1)} before the run`,
    `Node ${node}, PostgreSQL ${postgres}: ${settings.join(", ")}`,
    "load: Node processes that send frames made before (HTTP/2, gRPC), 8 connections; ApplyBatch by grpc-js",
  ].join("\n");
}
