import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseConfig } from "../src/config.ts";
import { isLoopback } from "../src/server/warning.ts";
import { createCreditLedger } from "../src/service/create-credit-ledger.ts";
import { stopTestCluster } from "../test/support/cluster.ts";
import { createTestDatabase, type TestDatabase } from "../test/support/database.ts";
import { verifyDatabase } from "../test/support/running-service.ts";
import { ServerProcess } from "../test/support/server-process.ts";
import type { BaselineKind } from "./baseline/baseline-process.ts";
import { createPool } from "./baseline/postgres-session.ts";
import type { Checked } from "./case.ts";
import { cpuOfFamily, parentOf } from "./cpu-time.ts";
import { grantRequests } from "./opening.ts";
import type { Shape } from "./seed/shape.ts";
import { SeededLedgers } from "./seeded-ledgers.ts";

/** A server under load, and the process whose CPU is its own. */
export type Served = Readonly<{ grpcAddress: string; httpAddress: string; pid: number }>;

/** A server that also tells how many bytes it holds once its garbage is collected. */
export type WeighedServed = Served & Readonly<{ heapBytes: () => Promise<number>; end: () => Promise<void> }>;

const WATCH_SERVER = fileURLToPath(new URL("watch-server.ts", import.meta.url));
const BASELINE = fileURLToPath(new URL("baseline/baseline-process.ts", import.meta.url));

/**
 * What cases run on: a PostgreSQL of this run, databases, servers and baselines in processes of their own. All of
 * it is gone after `clear`, or after the run where that did not come.
 */
export class Ground {
  /** How often each subject is measured; the subjects take turns. */
  readonly rounds: number;
  /** How many transactions the ledgers hold that growth is measured on. */
  readonly transactions: number;
  readonly #seeded = new SeededLedgers();
  readonly #stops: (() => Promise<unknown>)[] = [];
  #postmasterPid: number | undefined;
  #ended: Promise<void> | undefined;

  constructor({ rounds, transactions }: Readonly<{ rounds: number; transactions: number }>) {
    this.rounds = rounds;
    this.transactions = transactions;
  }

  /** A database of its own with all migrations. */
  async database(): Promise<TestDatabase> {
    const database = await createTestDatabase();
    this.#stops.push(() => database.drop());
    this.#postmasterPid ??= await postmasterPid(database.url);
    return database;
  }

  /** A ledger with a past. It outlives the case, since filling it takes long: others go on with what one left. */
  async seeded(shape: Shape): Promise<TestDatabase> {
    const database = await this.#seeded.get(shape);
    this.#postmasterPid ??= await postmasterPid(database.url);
    return database;
  }

  /** The service, as `npm start` runs it, with its default settings but for those given. */
  async service(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<Served> {
    const server = await ServerProcess.start({ DATABASE_URL: databaseUrl, ...settings });
    this.#stops.push(() => server.end("SIGTERM"));
    const httpAddress = new URL(server.httpUrl).host;
    return { grpcAddress: server.grpcAddress, httpAddress, pid: server.pid ?? 0 };
  }

  /** The service with its default settings, in a process that also tells what it holds. */
  async weighedService(databaseUrl: string): Promise<WeighedServed> {
    const settings = { PLEYOR_GRPC_PORT: "0", PLEYOR_HTTP_PORT: "0", PLEYOR_LOG_LEVEL: "error" };
    const child = fork(WATCH_SERVER, { env: { ...process.env, DATABASE_URL: databaseUrl, ...settings } });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const end = (): Promise<void> => {
      if (child.connected) child.disconnect();
      return ended;
    };
    this.#stops.push(end);
    const hear = <Message>(): Promise<Message> =>
      new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error("the watched server ended"));
        child.once("exit", onExit);
        child.once("message", (message) => {
          child.off("exit", onExit);
          resolve(message as Message);
        });
      });
    const addresses = await hear<Pick<Served, "grpcAddress" | "httpAddress">>();
    const heapBytes = (): Promise<number> => {
      child.send("read");
      return hear<number>();
    };
    return { ...addresses, pid: child.pid ?? 0, heapBytes, end };
  }

  /** A baseline behind the service's doors. */
  async baseline(kind: BaselineKind, databaseUrl: string): Promise<Served> {
    const child = fork(BASELINE, [kind, databaseUrl]);
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#stops.push(() => {
      if (child.connected) child.send("stop");
      return ended;
    });
    const grpcAddress = await new Promise<string>((resolve, reject) => {
      child.once("message", (address: string) => resolve(address));
      child.once("exit", () => reject(new Error(`the baseline ${kind} did not start`)));
    });
    return { grpcAddress, httpAddress: "", pid: child.pid ?? 0 };
  }

  /** Gives organizations more than any case spends: a cycle's credits and a purchase each, as a customer has. */
  async open(databaseUrl: string, organizationIds: readonly string[]): Promise<void> {
    const config = parseConfig({ DATABASE_URL: databaseUrl });
    const { ledger, stop } = createCreditLedger({
      ...config,
      database: { ...config.database, url: databaseUrl },
      onError: (error) => {
        throw error;
      },
    });
    const { signal } = new AbortController();
    const requests = organizationIds.flatMap(grantRequests);
    await Promise.all(requests.map((request) => ledger.apply(request, signal)));
    await stop();
  }

  /** Recomputes every organization of a database from its transactions. */
  async check(what: string, { url }: TestDatabase): Promise<Checked> {
    const { transactions, discrepancies } = await verifyDatabase(url);
    for (const { organizationId, place, expected, found } of discrepancies.slice(0, 3))
      console.error(`${organizationId}: ${place}: ${expected} was expected, ${found} found`);
    return { what, transactions, mismatches: discrepancies.length };
  }

  /** The CPU of all of PostgreSQL so far, in milliseconds. */
  postgresCpuMs(): number | undefined {
    return this.#postmasterPid === undefined ? undefined : cpuOfFamily(this.#postmasterPid);
  }

  /** Stops all that a case started, the last one first; throws then what went wrong in doing so. */
  async clear(): Promise<void> {
    const failures: unknown[] = [];
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) {
      await stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  }

  /** Leaves nothing behind, whatever was under way; may be called again. */
  end(): Promise<void> {
    this.#seeded.abort();
    this.#ended ??= this.clear()
      .catch(() => undefined)
      .then(() => stopTestCluster());
    return this.#ended;
  }
}

/** The process that all of PostgreSQL's are children of; of a server elsewhere, its number would be another's here. */
async function postmasterPid(url: string): Promise<number | undefined> {
  // A URL has brackets around what is of IPv6.
  if (!isLoopback(new URL(url).hostname.replace(/[[\]]/g, ""))) return undefined;
  const pool = createPool(url, 1);
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const parent = parentOf(rows[0]?.pid ?? 0);
  client.release();
  await pool.end();
  return parent;
}
