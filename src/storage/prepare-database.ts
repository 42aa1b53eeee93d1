import { databaseFaultOf } from "./database-fault.ts";
import { createSession } from "./embedded/session.ts";
import { migrate } from "./migrate.ts";

export type DatabaseUrls = Readonly<{
  /** Of the role that serves. */
  url: string;
  /** Of the role that migrates, where that is another. */
  migrationUrl?: string | undefined;
}>;

/** A database that cannot be served from, for a reason that is one line without a password, and no fault of the code. */
export class DatabaseNotReadyError extends Error {
  override readonly name = "DatabaseNotReadyError";
}

/** Somebody waits for the start; a database that is there answers within milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The oldest that is tested; from it on, only a database's owner may create tables in it. */
const MAJOR_MIN = 15;

const UNDEFINED_TABLE = "42P01";
/**
 * The address, the password or the name of the database is wrong, or it is not up: a failure of the network, or
 * a SQLSTATE of connections (08), logins (28), names (3D), resources (53), rights (42501), a role that does not
 * exist (42704), or shutting down (57P).
 */
const NOT_READY_CODES = /^(E[A-Z_]+|08\w{3}|28\w{3}|3D\w{3}|53\w{3}|57P\w{2}|42501|42704)$/;

/**
 * Brings a database to the newest schema, and tries whether it can be served from by the role that will.
 * Throws a DatabaseNotReadyError, or what the signal was aborted with.
 */
export async function prepareDatabase(
  { url, migrationUrl = url }: DatabaseUrls,
  signal: AbortSignal,
): Promise<void> {
  await inOneLine(migrationUrl, async () => {
    const [row] = await ask<{ version: string }>(
      migrationUrl,
      "select current_setting('server_version') as version",
      signal,
    );
    refuseOldVersion(row?.version ?? "");
    await migrate(migrationUrl, url, signal);
  });
  await inOneLine(url, async () => {
    await ask(url, "select from accounts limit 0", signal);
  });
}

/** Throws unless it is new enough. The text is as `server_version` has it: "18.4 (Debian 18.4-1)". */
export function refuseOldVersion(text: string): void {
  if (Number.parseInt(text, 10) >= MAJOR_MIN) return;
  throw new DatabaseNotReadyError(`it is PostgreSQL ${text}, and this service needs ${MAJOR_MIN} or newer`);
}

async function ask<Row>(url: string, sql: string, signal: AbortSignal): Promise<Row[]> {
  const session = createSession({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A session that breaks tells it here too, beside its failed query.
  session.on("error", () => undefined);
  try {
    await unlessAborted(signal, connected(session.connect()));
    return (await unlessAborted(signal, session.query<Row>(sql))).rows;
  } finally {
    // Not awaited: a session that never stood may never report its end.
    void session.end().catch(() => undefined);
  }
}

/** Whatever keeps us from connecting (a certificate, a kind of password) is for a person to mend. */
async function connected(connecting: Promise<void>): Promise<void> {
  try {
    await connecting;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    const silent = message === "timeout expired";
    const why = silent ? `no answer within ${CONNECT_TIMEOUT_MS / 1_000} seconds` : message || String(code);
    throw new DatabaseNotReadyError(why, { cause: error });
  }
}

async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function inOneLine(url: string, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    const why = whyNot(error);
    if (why === undefined) throw error;
    const { host, pathname } = new URL(url);
    throw new DatabaseNotReadyError(`cannot use the database ${host}${pathname}: ${why.split("\n", 1)[0]}`, {
      cause: error,
    });
  }
}

/** Undefined where it is no matter of the database's being ready. */
function whyNot(error: unknown): string | undefined {
  if (error instanceof DatabaseNotReadyError) return error.message;
  const { code, message } = error as Error & { code?: unknown };
  if (code === UNDEFINED_TABLE)
    return "it holds no ledger; DATABASE_URL and MIGRATION_DATABASE_URL must name the same database";
  const notReady = typeof code === "string" && NOT_READY_CODES.test(code);
  return notReady || databaseFaultOf(error) !== undefined ? message : undefined;
}
