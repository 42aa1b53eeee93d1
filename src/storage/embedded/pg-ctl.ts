import { open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { type DataHome, rotateLog } from "./data-home.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { LOOPBACK } from "./port.ts";
import { disownLockFile, findPostmaster, isPostmasterOf } from "./postmaster.ts";
import { type ProgramResult, runProgram } from "./program.ts";

export type ControlledServer = {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly home: DataHome;
};

/** After a crash PostgreSQL replays its log before it answers, which takes minutes in the worst case. */
const START_TIMEOUT_S = 300;

/** A fast stop ends sessions and writes a checkpoint: seconds, on a slow disk with much to write. */
const STOP_TIMEOUT_S = 60;

const ABORT_POLL_MS = 25;

/**
 * Given at each start rather than written into the data folder, so that data of an older version of the service
 * get today's settings. No value may hold a space: pg_ctl passes them through a shell.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: LOOPBACK,
  // Sockets' paths have a length limit of about 100 bytes, and everything here goes through the loopback.
  unix_socket_directories: "",
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  max_connections: "100",
  shared_buffers: "128MB",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
};

/** What became of a start: `port-taken` may be tried again on another port. */
export type StartOutcome = "started" | "port-taken";

/** The signal gives up the start: the server is stopped again, and the promise rejected with the signal's reason. */
export async function startPostmaster(
  server: ControlledServer,
  { port, signal }: { port: number; signal: AbortSignal | undefined },
): Promise<StartOutcome> {
  await disownLockFile(server.home.cluster);
  await rotateLog(server.home);
  const logStart = await sizeOf(server.home.logFile);
  const options = Object.entries({ ...SETTINGS, port: String(port) }).map(
    ([name, value]) => `-c ${name}=${value}`,
  );
  const starting = runProgram(
    server.binaries.pgCtl,
    [
      ...["start", "--wait", "--timeout", String(START_TIMEOUT_S), "--pgdata", server.home.cluster],
      ...["--log", server.home.logFile, "--options", options.join(" ")],
    ],
    server.account,
  );
  if (signal) await stopIfAborted(server, starting, signal);
  const { succeeded, output } = await starting;
  // Where two services started at once, one start fails: then the other one's server is running now.
  if (succeeded || (await findPostmaster(server.home.cluster)) !== undefined) {
    return "started";
  }
  const log = await readFrom(server.home.logFile, logStart);
  if (/could not (bind|create any TCP\/IP sockets)/.test(log)) {
    return "port-taken";
  }
  const reason = /(?:FATAL|PANIC): .*$/m.exec(log)?.[0] ?? output;
  throw new EmbeddedPostgresError(
    "start-failed",
    `PostgreSQL does not start on ${server.home.cluster}: ${reason} (its log: ${server.home.logFile})`,
  );
}

/** To end pg_ctl would leave the server that it started: so the server is ended, and pg_ctl notices. */
async function stopIfAborted(
  server: ControlledServer,
  starting: Promise<ProgramResult>,
  signal: AbortSignal,
): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  if (signal.aborted) resolve();
  await Promise.race([starting, aborted]);
  if (!signal.aborted) return;
  let ended = false;
  void starting.then(() => {
    ended = true;
  });
  // The server writes its pid a moment after pg_ctl has started it.
  for (; !ended; await delay(ABORT_POLL_MS)) await stopPostmaster(server);
  await stopPostmaster(server);
  throw signal.reason;
}

/** Ends sessions, writes a checkpoint, and returns once no process is left. */
export async function stopPostmaster(server: ControlledServer): Promise<void> {
  const running = await findPostmaster(server.home.cluster);
  if (running === undefined) {
    return;
  }
  const { output } = await runProgram(
    server.binaries.pgCtl,
    [
      ...["stop", "--mode", "fast", "--wait", "--timeout", String(STOP_TIMEOUT_S)],
      ...["--pgdata", server.home.cluster],
    ],
    server.account,
  );
  // pg_ctl watches the lock file, which goes a moment before the process does.
  for (
    let checks = 0;
    checks < 100 && (await isPostmasterOf(server.home.cluster, running.pid));
    checks += 1
  ) {
    await delay(10);
  }
  if (await isPostmasterOf(server.home.cluster, running.pid)) {
    throw new EmbeddedPostgresError(
      "stop-failed",
      `PostgreSQL (pid ${running.pid}) does not stop: ${output}`,
    );
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    (status) => status.size,
    () => 0,
  );
}

async function readFrom(path: string, position: number): Promise<string> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) {
    return "";
  }
  try {
    const { bytesRead, buffer } = await handle.read({ position, length: 16_384 });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
