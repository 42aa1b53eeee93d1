import { setTimeout as delay } from "node:timers/promises";
import { readRememberedPort, rememberPort } from "./data-home.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { claimOwnership, type Ownership } from "./ownership.ts";
import { startPostmaster, stopPostmaster } from "./pg-ctl.ts";
import { freePort, isPortFree, LOOPBACK } from "./port.ts";
import { findPostmaster, type Postmaster, processExists } from "./postmaster.ts";
import type { PreparedServer } from "./prepared-server.ts";

export type OwnedServer = {
  readonly port: number;
  readonly ownership: Ownership;
};

type ClaimOptions = {
  readonly port: number | undefined;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
};

const POLL_INTERVAL_MS = 25;

/** A server that replays its log after a crash refuses sessions meanwhile; as long as pg_ctl waits for it. */
const READY_TIMEOUT_MS = 300_000;

/** The session of a killed owner ends within milliseconds. An owner that still has one after this is alive. */
const OWNER_GONE_TIMEOUT_MS = 5_000;

/** Somebody else may take a free port between our looking and PostgreSQL's binding it. */
const PORT_ATTEMPTS_MAX = 5;

/** Starts the server unless it runs, and becomes its owner, or says whose it is. */
export async function claimServer(server: PreparedServer, options: ClaimOptions): Promise<OwnedServer> {
  const startTime = Date.now();
  let startedHere = false;
  for (;;) {
    if (options.signal?.aborted) {
      // One that ran before is left to whoever finds it next, as if we had been killed.
      if (startedHere) await stopPostmaster(server);
      throw options.signal.reason;
    }
    const found = await findPostmaster(server.home.cluster);
    const running = found ?? (await start(server, options));
    startedHere ||= found === undefined;
    const claim = await claimOwnership({ ...server, port: running.port, cluster: server.home.cluster });
    const elapsedMs = Date.now() - startTime;
    if (claim.outcome === "owned") {
      options.log(describeStart(server, { running, adopted: found !== undefined }));
      return { port: running.port, ownership: claim.ownership };
    }
    if (claim.outcome === "owned-by-other") {
      refuseWhileOwned(server, { pid: claim.pid, elapsedMs });
    } else if (claim.outcome === "not-ours" || elapsedMs > READY_TIMEOUT_MS) {
      throw new EmbeddedPostgresError(
        "start-failed",
        `the PostgreSQL (pid ${running.pid}) on port ${running.port} does not let this service in: ${claim.reason}`,
      );
    }
    await delay(POLL_INTERVAL_MS);
  }
}

function refuseWhileOwned(server: PreparedServer, owner: { pid: number; elapsedMs: number }): void {
  if (processExists(owner.pid) || owner.elapsedMs > OWNER_GONE_TIMEOUT_MS) {
    throw new EmbeddedPostgresError(
      "already-running",
      `another pleyor-credits (pid ${owner.pid}) is running on ${server.dataDirectory}; ` +
        "stop it first, or set PLEYOR_DATA_DIRECTORY to another folder",
    );
  }
}

function describeStart(server: PreparedServer, state: { running: Postmaster; adopted: boolean }): string {
  const verb = state.adopted ? "adopted the running" : "started";
  return (
    `${verb} PostgreSQL ${server.version} (pid ${state.running.pid}) on ${LOOPBACK}:${state.running.port}, ` +
    `data in ${server.dataDirectory}`
  );
}

async function start(server: PreparedServer, options: ClaimOptions): Promise<Postmaster> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS_MAX; attempt += 1) {
    const port = await choosePort(server, options);
    if ((await startPostmaster(server, { port, signal: options.signal })) === "started") {
      return (await findPostmaster(server.home.cluster)) ?? { pid: 0, port };
    }
  }
  throw new EmbeddedPostgresError("port-taken", `no port on ${LOOPBACK} stayed free for PostgreSQL`);
}

/** The port is remembered, so that what people connect to it keeps working; but not at the price of a failed start. */
async function choosePort(server: PreparedServer, options: ClaimOptions): Promise<number> {
  if (options.port !== undefined) {
    if (await isPortFree(options.port)) {
      return options.port;
    }
    throw new EmbeddedPostgresError("port-taken", `port ${options.port} on ${LOOPBACK} is taken`);
  }
  const remembered = await readRememberedPort(server.home);
  if (remembered !== undefined && (await isPortFree(remembered))) {
    return remembered;
  }
  const port = await freePort();
  await rememberPort(server.home, port);
  return port;
}
