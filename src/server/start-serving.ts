import { fileURLToPath } from "node:url";
import type { Config } from "../config.ts";
import type { AdminParts } from "../rpc/admin-handlers.ts";
import type { Authenticate } from "../rpc/call.ts";
import { createDoors, type DoorAddresses } from "../rpc/doors.ts";
import { readExampleCard } from "../rpc/pricing/example-card.ts";
import { installCatalogue } from "../service/catalogue-publication.ts";
import { createCreditLedger, type RunningLedger } from "../service/create-credit-ledger.ts";
import { installRateCard } from "../service/pricing/rate-card-installation.ts";
import { Hub, type HubSettings } from "../stream/hub.ts";
import { StreamLimit } from "../stream/stream-limit.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { RunningParts } from "./running-parts.ts";
import type { ReadyDatabase } from "./start-database.ts";

export type ServingOverrides = Readonly<{ telemetry: Telemetry; authenticate?: Authenticate }>;

const DAY_MS = 24 * 3_600_000;

/** What a new installation sells until somebody publishes a catalogue. */
const EXAMPLE_CATALOGUE = fileURLToPath(new URL("../../catalogue/plans.json", import.meta.url));

/** Gives a new database what it sells and at which prices. */
export async function install(
  { database, catalogueFile }: Config,
  { databaseUrl: url }: ReadyDatabase,
): Promise<void> {
  await installCatalogue({ ...database, url }, catalogueFile ?? EXAMPLE_CATALOGUE);
  await installRateCard({ ...database, url }, readExampleCard);
}

/** Serves both doors from a database that is ready. */
export async function startServing(
  { listen, limits, database, lanes, sweep, rollUp, usage, streams, admin, alerts, testClocks }: Config,
  { telemetry, ...overrides }: ServingOverrides,
  { databaseUrl }: ReadyDatabase,
  parts: RunningParts,
): Promise<DoorAddresses> {
  const onError = (error: unknown): void => telemetry.backgroundFailed(error);
  const running = createCreditLedger({
    database: { ...database, url: databaseUrl },
    lanes,
    sweep,
    rollUp,
    usageStatementTimeoutMs: usage.statementTimeoutMs,
    adminConnectionsMax: admin.streamsMax,
    alertsKeptMs: alerts.keptDays * DAY_MS,
    clocks: testClocks ? "test clocks" : "database",
    telemetry,
    onError,
  });
  parts.started(() => running.stop());
  const hub = startHub(running, { ...streams, onError }, parts);
  const watching = { hub, alerts: running.alerts, streams: new StreamLimit(streams) };
  const doors = createDoors({
    ...overrides,
    telemetry,
    limits,
    ...running,
    watching,
    admin: adminParts(running, admin.streamsMax, streams.stalledMs),
  });
  const { address, grpcPort, httpPort } = listen;
  const addresses = await doors.open({
    grpc: { address, port: grpcPort },
    http: { address, port: httpPort },
  });
  parts.started(async () => {
    telemetry.drainStarted(limits.drainTimeoutMs);
    telemetry.drained(await doors.drain(limits.drainTimeoutMs));
    await doors.close();
  });
  return addresses;
}

function adminParts({ administration }: RunningLedger, streamsMax: number, stalledMs: number): AdminParts {
  const streamsPerConnectionMax = Number.POSITIVE_INFINITY;
  const limits = { streamsMax, streamsPerConnectionMax, streams: "verifications and exports" };
  return { administration, streams: new StreamLimit(limits), stalledMs };
}

function startHub({ source }: RunningLedger, settings: HubSettings, parts: RunningParts): Hub {
  const hub = new Hub(source, settings);
  hub.start();
  parts.started(() => hub.stop());
  return hub;
}
