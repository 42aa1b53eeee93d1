/**
 * What an error says of the database rather than of the work. `away`: the connection
 * was lost, refused or is stale, resources were short, or another transaction won; the same
 * work may succeed in a moment. `locked`: somebody else keeps a row. `slow`: the work
 * took longer than a statement may, as it may do again. `committed`: see `CommittedError`.
 */
export type DatabaseFault = "away" | "locked" | "slow" | "committed";

/** What went wrong with a transaction that was committed all the same: it must not be tried again. */
export class CommittedError extends Error {
  override readonly name = "CommittedError";

  constructor(cause: unknown) {
    super("a transaction was committed without all that it was to write", { cause });
  }
}

/**
 * SQLSTATE classes and codes: connections lost (08), logins refused since the start,
 * as while a password is changed (28), resources short (53), the server stopping or
 * starting (57P), a deadlock or a conflict (40001, 40P01), a standby that
 * is not promoted yet (25006), and a transaction that was ended for being idle (25P03).
 */
const AWAY_CLASSES = ["08", "28", "53", "57P"];
const AWAY_CODES = ["40001", "40P01", "25006", "25P03"];
const LOCK_TIMEOUT = "55P03";
const STATEMENT_TIMEOUT = "57014";

/**
 * A statement that is not prepared, or is already, where the connection thinks otherwise, as behind a pooler that changes
 * its session; and one whose columns have changed since, for which PostgreSQL has no code of its own.
 */
const STALE_CODES = ["26000", "42P05"];
const CHANGED_COLUMNS = { code: "0A000", routine: "RevalidateCachedQuery" };

/** What Node and node-postgres say of a connection that broke or never was. */
const AWAY_ERRORS = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
];
const AWAY_MESSAGES =
  /connection terminated|connection ended|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|after calling end on the pool/i;

/** Undefined where the work itself is wrong. */
export function databaseFaultOf(error: unknown): DatabaseFault | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof CommittedError) return "committed";
    if (isStale(cause)) return "away";
    const fault = "code" in cause && typeof cause.code === "string" ? faultOfCode(cause.code) : undefined;
    if (fault !== undefined) return fault;
    if (AWAY_MESSAGES.test(cause.message)) return "away";
  }
  return undefined;
}

/** Whether what the connection has prepared is not what PostgreSQL has: another connection may do the same work. */
export function isStale(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return false;
  if (error.code === CHANGED_COLUMNS.code)
    return "routine" in error && error.routine === CHANGED_COLUMNS.routine;
  return STALE_CODES.includes(error.code);
}

function faultOfCode(code: string): DatabaseFault | undefined {
  if (code === LOCK_TIMEOUT) return "locked";
  if (code === STATEMENT_TIMEOUT) return "slow";
  if (AWAY_CODES.includes(code) || AWAY_ERRORS.includes(code)) return "away";
  const isSqlState = code.length === 5;
  return isSqlState && AWAY_CLASSES.some((start) => code.startsWith(start)) ? "away" : undefined;
}
