import { isIPv4 } from "node:net";
import { fileURLToPath } from "node:url";
import type { Config } from "./config.ts";
import type { Authenticate } from "./rpc/call.ts";
import { ListenError } from "./rpc/door.ts";
import { createDoors, type DoorAddresses } from "./rpc/doors.ts";
import { readExampleCard } from "./rpc/pricing/example-card.ts";
import { CatalogueError } from "./service/catalogue-file.ts";
import { installCatalogue } from "./service/catalogue-publication.ts";
import { createCreditLedger, type RunningLedger } from "./service/create-credit-ledger.ts";
import { startEmbeddedPostgres } from "./storage/embedded/embedded-postgres.ts";
import { EmbeddedPostgresError } from "./storage/embedded/embedded-postgres-error.ts";
import { migrate } from "./storage/migrate.ts";
import { DatabaseNotReadyError, prepareDatabase } from "./storage/prepare-database.ts";
import { Hub, type HubSettings } from "./stream/hub.ts";
import { StreamLimit } from "./stream/stream-limit.ts";
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
  /**
   * Refuses new calls, lets those in flight end, and ends everything. May be called at any time, and again; a start
   * that is under way is given up, and fails with a StartError.
   */
  stop(): Promise<void>;
}>;

/** The server could not start, for a reason that is one line and no fault of the code. */
export class StartError extends Error {
  override readonly name = "StartError";
}

const DAY_MS = 24 * 3_600_000;

const PORT_SETTINGS = { gRPC: "PLEYOR_GRPC_PORT", HTTP: "PLEYOR_HTTP_PORT" } as const;

/** What a new installation sells until somebody publishes a catalogue. */
const EXAMPLE_CATALOGUE = fileURLToPath(new URL("../catalogue/plans.json", import.meta.url));

type Database = Pick<ServerInfo, "databaseUrl" | "dataDirectory">;

/** The wiring of the whole service; nothing runs before `start`. */
export function createServer(config: Config, overrides: ServerOverrides = {}): Server {
  const telemetry = overrides.telemetry ?? new Telemetry(config.logLevel);
  const parts = new RunningParts();
  const givenUp = new AbortController();
  let started: Promise<ServerInfo> | undefined;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    givenUp.abort(new StartError("stopped while it started"));
    await started?.catch(() => undefined);
    await parts.stopAll();
    telemetry.serverStopped();
  };
  const start = async (): Promise<ServerInfo> => {
    try {
      const database = await startDatabase(config, telemetry, { parts, signal: givenUp.signal });
      givenUp.signal.throwIfAborted();
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

async function startDatabase(
  config: Config,
  telemetry: Telemetry,
  { parts, signal }: { parts: RunningParts; signal: AbortSignal },
): Promise<Database> {
  const { url, migrationUrl, dataDirectory } = config.database;
  if (url !== undefined) {
    await prepareDatabase({ url, migrationUrl }, signal);
    return { databaseUrl: url, dataDirectory: undefined };
  }
  const postgres = await startEmbeddedPostgres({
    dataDirectory,
    log: (line) => telemetry.databaseTold(line),
    signal,
  });
  parts.started(() => postgres.stop());
  await migrate(postgres.url);
  return { databaseUrl: postgres.url, dataDirectory: postgres.dataDirectory };
}

async function startServing(
  { listen, limits, database, lanes, sweep, rollUp, streams, alerts, catalogueFile, testClocks }: Config,
  { telemetry, ...overrides }: ServerOverrides & { telemetry: Telemetry },
  { databaseUrl }: Database,
  parts: RunningParts,
): Promise<DoorAddresses> {
  const onError = (error: unknown): void => telemetry.backgroundFailed(error);
  await installCatalogue({ ...database, url: databaseUrl }, catalogueFile ?? EXAMPLE_CATALOGUE);
  if (testClocks) telemetry.testClocksServed();
  const running = createCreditLedger({
    database: { ...database, url: databaseUrl },
    lanes,
    sweep,
    rollUp,
    alertsKeptMs: alerts.keptDays * DAY_MS,
    clocks: testClocks ? "test clocks" : "database",
    onError,
  });
  parts.started(() => running.stop());
  await running.publishFirstRateCard(readExampleCard);
  const hub = startHub(running, { ...streams, onError }, parts);
  const watching = { hub, alerts: running.alerts, streams: new StreamLimit(streams) };
  const doors = createDoors({ ...overrides, telemetry, limits, ...running, watching });
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

function startHub({ source }: RunningLedger, settings: HubSettings, parts: RunningParts): Hub {
  const hub = new Hub(source, settings);
  hub.start();
  parts.started(() => hub.stop());
  return hub;
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

/** In one line, if it is something that a person can mend. */
function explained(error: unknown): unknown {
  if (error instanceof EmbeddedPostgresError || error instanceof DatabaseNotReadyError)
    return new StartError(error.message, { cause: error });
  if (error instanceof CatalogueError) return new StartError(error.message, { cause: error });
  if (!(error instanceof ListenError)) return error;
  const hint = error.portTaken ? `; set ${PORT_SETTINGS[error.door]} to another` : "";
  return new StartError(`${error.message}${hint}`, { cause: error });
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
