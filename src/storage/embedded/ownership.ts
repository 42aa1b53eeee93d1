import { SUPERUSER } from "./initialize.ts";
import { LOOPBACK } from "./port.ts";
import { createSession, type Session } from "./session.ts";

export type Claim =
  | { readonly outcome: "owned"; readonly ownership: Ownership }
  | { readonly outcome: "owned-by-other"; readonly pid: number }
  | { readonly outcome: "not-ours"; readonly reason: string }
  | { readonly outcome: "not-ready"; readonly reason: string };

export type Ownership = {
  /** Settles when the session is gone: the server ended or restarted, or `release` was called. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
};

/** The database that the service works in. */
export const DATABASE = "pleyor_credits";

const APPLICATION_NAME_PREFIX = "pleyor-credits, pid ";

/** "pleyor" in hexadecimal digits; in the database `postgres`, where nobody else takes advisory locks. */
const LOCK_KEY = "0x706c65796f72";

/** SQLSTATE: the server is starting or stopping, has just ended our session, or is full. Worth another attempt. */
const PASSING_STATES = ["57P01", "57P02", "57P03", "53300"];

const CLAIM_SQL = `
  select pg_try_advisory_lock(${LOCK_KEY}) as owned, current_setting('data_directory') as cluster,
    (select application_name from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and (classid::bigint << 32) + objid::bigint = ${LOCK_KEY} and granted
      order by pid = pg_backend_pid() limit 1) as owner`;

type ClaimRow = { owned: boolean; cluster: string; owner: string | null };

/**
 * Claims the server for this process, by an advisory lock that lives as long as its session. The lock is PostgreSQL's,
 * so two services cannot both have it, and one that is killed loses it at once, without a file that goes stale.
 * Being let in with our password, and the answer to `data_directory`, prove that the server is the one on our data.
 */
export async function claimOwnership(at: {
  port: number;
  password: string;
  cluster: string;
}): Promise<Claim> {
  const session = createSession({
    host: LOOPBACK,
    port: at.port,
    user: SUPERUSER,
    password: at.password,
    database: "postgres",
    ssl: false,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: `${APPLICATION_NAME_PREFIX}${process.pid}`,
  });
  const lost = new Promise<void>((resolve) => {
    session.on("error", resolve);
    session.on("end", resolve);
  });
  try {
    await session.connect();
    return await claimWithin(session, { cluster: at.cluster, lost });
  } catch (error) {
    // Not awaited: a session that never stood may never report its end.
    void session.end().catch(() => undefined);
    return unreachable(error as Error & { code?: string });
  }
}

async function claimWithin(session: Session, at: { cluster: string; lost: Promise<void> }): Promise<Claim> {
  const [row] = (await session.query<ClaimRow>(CLAIM_SQL)).rows;
  if (row?.cluster !== at.cluster) {
    await session.end();
    return { outcome: "not-ours", reason: `its data are in ${row?.cluster}` };
  }
  if (row.owned !== true) {
    await session.end();
    const pid = Number(String(row.owner).slice(APPLICATION_NAME_PREFIX.length));
    return pid > 0
      ? { outcome: "owned-by-other", pid }
      : { outcome: "not-ready", reason: "its owner is leaving" };
  }
  const databases = await session.query(`select from pg_database where datname = '${DATABASE}'`);
  if (databases.rows.length === 0) {
    await session.query(`create database ${DATABASE}`);
  }
  return { outcome: "owned", ownership: { lost: at.lost, release: () => session.end() } };
}

function unreachable(error: Error & { code?: string }): Claim {
  const code = error.code ?? "";
  // Without a SQLSTATE it is the connection that failed: refused, reset, or timed out.
  const passing = PASSING_STATES.includes(code) || !/^[0-9A-Z]{5}$/.test(code);
  return { outcome: passing ? "not-ready" : "not-ours", reason: error.message };
}
