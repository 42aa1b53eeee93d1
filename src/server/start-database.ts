import type { Config } from "../config.ts";
import { startEmbeddedPostgres } from "../storage/embedded/embedded-postgres.ts";
import { migrate } from "../storage/migrate.ts";
import { prepareDatabase } from "../storage/prepare-database.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { StartParts } from "./life.ts";

/** A database that is migrated and can be served from. */
export type ReadyDatabase = Readonly<{
  /** With the password, if it has one: never to be shown or logged. */
  databaseUrl: string;
  /** Where the embedded PostgreSQL keeps its data; undefined with a database of one's own. */
  dataDirectory: string | undefined;
}>;

/** Starts the embedded PostgreSQL where no other database is named, and brings either to the newest schema. */
export async function startDatabase(
  { database: { url, migrationUrl, dataDirectory } }: Config,
  telemetry: Telemetry,
  { parts, signal }: StartParts,
): Promise<ReadyDatabase> {
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
