import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { GrantKind } from "../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, createCreditClient } from "../src/client/client.ts";
import { stopTestCluster } from "../test/support/cluster.ts";
import { createTestDatabase } from "../test/support/database.ts";
import { verifyDatabase } from "../test/support/running-service.ts";
import type { ServerReading } from "./watch-server.ts";
import { WatcherCrowd } from "./watcher-crowd.ts";

// Ten thousand who watch one organization, on one server: what they cost, and what they get.
//
//     node bench/watchers.ts [watchers] [seconds]

const WATCHERS = Number(process.argv[2] ?? 10_000);
const SECONDS = Number(process.argv[3] ?? 10);
const PER_CONNECTION = 1_000;
const IN_FLIGHT = 64;
const CHANGES = 20;
const ORGANIZATION = "watched";

const SERVER = fileURLToPath(new URL("./watch-server.ts", import.meta.url));
const KIB = 1_024;

type Spent = Readonly<{ callsPerSecond: number; cpuMicrosPerCall: number }>;

const database = await createTestDatabase();
const env = {
  DATABASE_URL: database.url,
  PLEYOR_GRPC_PORT: "0",
  PLEYOR_HTTP_PORT: "0",
  PLEYOR_LOG_LEVEL: "error",
};
const server = fork(SERVER, { env: { ...process.env, ...env } });
const [address] = (await once(server, "message")) as [string];
const client = createCreditClient({ transport: "grpc", address });
const crowd = new WatcherCrowd();
try {
  await measure();
} finally {
  crowd.leave();
  client.close();
  server.disconnect();
  await once(server, "exit");
  await database.drop();
  await stopTestCluster();
}

async function measure(): Promise<void> {
  await client.grants.createGrant({
    organizationId: ORGANIZATION,
    kind: GrantKind.PURCHASED,
    amountMicros: 10n ** 15n,
    reference: "payment:1",
  });
  await spend(client, server, 3);
  const alone = await spend(client, server, SECONDS);
  const before = await read(server);
  await crowd.join(address, ORGANIZATION, WATCHERS, PER_CONNECTION);
  const after = await read(server);
  const waits: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    waits.push(percentile(await crowd.timeOneChange(() => charge(client)), 99));
    // So that each is a change after a quiet time.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
  }
  crowd.beginGaps();
  const toldBefore = crowd.messages;
  const watched = await spend(client, server, SECONDS);
  const gaps = crowd.gaps();
  const messages = crowd.messages - toldBefore;
  crowd.leave();
  // Once more without them: another program on the same machine must not look like a cost, or hide one.
  const afterwards = await spend(client, server, SECONDS);
  const callsAlone = (alone.callsPerSecond + afterwards.callsPerSecond) / 2;
  const cpuAlone = (alone.cpuMicrosPerCall + afterwards.cpuMicrosPerCall) / 2;
  const { discrepancies } = await verifyDatabase(database.url);
  console.table({
    watchers: crowd.size,
    "heap per watcher, KiB": round((after.heapBytes - before.heapBytes) / WATCHERS / KIB),
    "resident memory per watcher, KiB": round((after.rssBytes - before.rssBytes) / WATCHERS / KIB),
    "one change to all when idle, p99, ms, median of 20": round(percentile(waits.toSorted(ascending), 50)),
    "the same, worst of 20": round(Math.max(...waits)),
    "longest wait of a watcher under continuous change, p99, ms": round(percentile(gaps, 99)),
    "messages a second to all of them": round(messages / SECONDS),
    "spend path alone (before and after), calls/s": round(callsAlone),
    "spend path beside the watchers, calls/s": round(watched.callsPerSecond),
    "cost to the spend path, %": round(100 * (1 - watched.callsPerSecond / callsAlone)),
    "server's CPU per call alone, us": round(cpuAlone),
    "server's CPU per call beside the watchers, us": round(watched.cpuMicrosPerCall),
    mismatches: discrepancies.length,
  });
}

/** Reserves and settles by so many callers at once. */
async function spend(by: CreditClient, of: ChildProcess, seconds: number): Promise<Spent> {
  const begin = await read(of);
  const until = performance.now() + seconds * 1_000;
  const organizationId = ORGANIZATION;
  const cost = { case: "amountMicros", value: 1n } as const;
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const { reservation } = await by.credits.reserveCredits({ organizationId, cost });
      const reservationId = reservation?.reservationId ?? "";
      await by.credits.settleReservation({ organizationId, reservationId, cost });
      calls += 2;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const { cpuMs } = await read(of);
  return { callsPerSecond: calls / seconds, cpuMicrosPerCall: ((cpuMs - begin.cpuMs) * 1_000) / calls };
}

function charge(by: CreditClient): Promise<unknown> {
  return by.credits.chargeCredits({
    organizationId: ORGANIZATION,
    cost: { case: "amountMicros", value: 1n },
  });
}

async function read(of: ChildProcess): Promise<ServerReading> {
  of.send("read");
  const [reading] = (await once(of, "message")) as [ServerReading];
  return reading;
}

function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(Math.ceil((sorted.length * percent) / 100), sorted.length) - 1] ?? 0;
}

function ascending(left: number, right: number): number {
  return left - right;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
