import { isIPv4 } from "node:net";
import { fileURLToPath } from "node:url";
import type { Config } from "./config.ts";
import type { Authenticate } from "./rpc/call.ts";
import { ListenError } from "./rpc/door.ts";
import { createDoors, type DoorAddresses } from "./rpc/doors.ts";
import { CatalogueError } from "./service/catalogue-file.ts";
import { installCatalogue } from "./service/catalogue-publication.ts";
import { createCreditLedger } from "./service/create-credit-ledger.ts";
import { startEmbeddedPostgres } from "./storage/embedded/embedded-postgres.ts";
import { EmbeddedPostgresError } from "./storage/embedded/embedded-postgres-error.ts";
import { migrate } from "./storage/migrate.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** What a test or another program sets that no setting does. */
export type ServerOverrides = Readonly<{ telemetry?: Telemetry; authenticate?: Authenticate }>;

export type ServerInfo = DoorAddresses &
  Readonly<{
    /** With the password, if it has one: never to be shown or logged. */
    databaseUrl: string;
    /** Where the embedded PostgreSQL keeps its data; undefined with a database of one's own. */
    dataDirectory: string | undefined;
  }>;

export type Server = Readonly<{
  /** Throws a StartError for what a person can mend; nothing is left running then. */
  start(): Promise<ServerInfo>;
  /** Refuses new calls, lets those in flight end, and ends everything. May be called at any time, and again. */
  stop(): Promise<void>;
}>;

/** The server could not start, for a reason that is one line and no fault of the code. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * The address, the password or the name of the database is wrong, or it is not up: a failure of the network, or
 * a SQLSTATE of connections (08), logins (28), names (3D), resources (53), rights (42501) or shutting down (57P).
 */
const DATABASE_NOT_READY = /^(E[A-Z_]+|08\w{3}|28\w{3}|3D\w{3}|53\w{3}|57P\w{2}|42501)$/;

const PORT_SETTINGS = { gRPC: "PLEYOR_GRPC_PORT", HTTP: "PLEYOR_HTTP_PORT" } as const;

/** What a new installation sells until somebody publishes a catalogue. */
const EXAMPLE_CATALOGUE = fileURLToPath(new URL("../catalogue/plans.json", import.meta.url));

type Database = Pick<ServerInfo, "databaseUrl" | "dataDirectory">;

/** The wiring of the whole service; nothing runs before `start`. */
export function createServer(config: Config, overrides: ServerOverrides = {}): Server {
  const telemetry = overrides.telemetry ?? new Telemetry(config.logLevel);
  const parts = new RunningParts();
  let started: Promise<ServerInfo> | undefined;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await started?.catch(() => undefined);
    await parts.stopAll();
    telemetry.serverStopped();
  };
  const start = async (): Promise<ServerInfo> => {
    try {
      const database = await startDatabase(config, telemetry, parts);
      const addresses = await startServing(config, { ...overrides, telemetry }, database, parts);
      telemetry.serverStarted(addresses);
      return { ...addresses, ...database };
    } catch (error) {
      await parts.stopAll();
      throw explained(error);
    }
  };
  return {
    start: () => {
      started ??= start();
      return started;
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function startDatabase(config: Config, telemetry: Telemetry, parts: RunningParts): Promise<Database> {
  const { url, migrationUrl, dataDirectory } = config.database;
  if (url !== undefined) {
    await migrateReachable(migrationUrl ?? url, url);
    return { databaseUrl: url, dataDirectory: undefined };
  }
  const postgres = await startEmbeddedPostgres({
    dataDirectory,
    log: (line) => telemetry.databaseTold(line),
  });
  parts.started(() => postgres.stop());
  await migrate(postgres.url);
  return { databaseUrl: postgres.url, dataDirectory: postgres.dataDirectory };
}

async function startServing(
  { listen, limits, database, lanes, sweep, catalogueFile, testClocks }: Config,
  { telemetry, ...overrides }: ServerOverrides & { telemetry: Telemetry },
  { databaseUrl }: Database,
  parts: RunningParts,
): Promise<DoorAddresses> {
  await installCatalogue({ ...database, url: databaseUrl }, catalogueFile ?? EXAMPLE_CATALOGUE);
  if (testClocks) telemetry.testClocksServed();
  const running = createCreditLedger({
    database: { ...database, url: databaseUrl },
    lanes,
    sweep,
    clocks: testClocks ? "test clocks" : "database",
    onError: (error) => telemetry.backgroundFailed(error),
  });
  parts.started(() => running.stop());
  const doors = createDoors({ ...overrides, telemetry, limits, ...running });
  const { address } = listen;
  if (!isLoopback(address)) telemetry.listeningBeyondLoopback(address);
  const grpc = { address, port: listen.grpcPort };
  const addresses = await doors.open({ grpc, http: { address, port: listen.httpPort } });
  parts.started(async () => {
    telemetry.drainStarted(limits.drainTimeoutMs);
    telemetry.drained(await doors.drain(limits.drainTimeoutMs));
    await doors.close();
  });
  return addresses;
}

/** What has to be stopped, the last one first: each stands on those before it. */
class RunningParts {
  readonly #stops: (() => Promise<void>)[] = [];

  started(stop: () => Promise<void>): void {
    this.#stops.push(stop);
  }

  async stopAll(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      await stop();
    }
  }
}

async function migrateReachable(url: string, servingUrl: string): Promise<void> {
  try {
    await migrate(url, servingUrl);
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (typeof code !== "string" || !DATABASE_NOT_READY.test(code)) throw error;
    const { host, pathname } = new URL(url);
    throw new StartError(`cannot use the database ${host}${pathname}: ${firstLine(message)}`, {
      cause: error,
    });
  }
}

/** In one line, if it is something that a person can mend. */
function explained(error: unknown): unknown {
  if (error instanceof EmbeddedPostgresError) return new StartError(error.message, { cause: error });
  if (error instanceof CatalogueError) return new StartError(error.message, { cause: error });
  if (!(error instanceof ListenError)) return error;
  const hint = error.portTaken ? `; set ${PORT_SETTINGS[error.door]} to another` : "";
  return new StartError(`${error.message}${hint}`, { cause: error });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
