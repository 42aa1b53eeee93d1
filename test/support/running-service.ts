import { parseConfig } from "../../src/config.ts";
import { createServer } from "../../src/server.ts";
import { type VerifiedLedger, verifyLedger } from "../../src/service/verification.ts";
import { createOrm } from "../../src/storage/orm.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { createTestDatabase } from "./database.ts";

export type RunningService = Readonly<{
  grpcAddress: string;
  httpUrl: string;
  databaseUrl: string;
  verify: () => Promise<VerifiedLedger>;
  stop: () => Promise<void>;
}>;

/** The whole service in this process, on free ports and a database of its own. */
export async function startService(settings: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const database = await createTestDatabase();
  const ports = { PLEYOR_GRPC_PORT: "0", PLEYOR_HTTP_PORT: "0" };
  const config = parseConfig({ DATABASE_URL: database.url, ...ports, ...settings });
  const server = createServer(config, { telemetry: new Telemetry("silent") });
  const { grpcAddress, httpAddress } = await server.start();
  const stop = async (): Promise<void> => {
    await server.stop();
    await database.drop();
  };
  const verify = () => verifyDatabase(database.url);
  return { grpcAddress, httpUrl: `http://${httpAddress}`, databaseUrl: database.url, verify, stop };
}

/** Recomputes every organization of a database. */
export async function verifyDatabase(url: string): Promise<VerifiedLedger> {
  const timeouts = { lockTimeoutMs: 5_000, idleInTransactionTimeoutMs: 60_000, statementTimeoutMs: 60_000 };
  const orm = createOrm({ url, connectionsMax: 1, ...timeouts });
  try {
    return await verifyLedger(orm);
  } finally {
    await orm.close(true);
  }
}
