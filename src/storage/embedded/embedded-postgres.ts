import { claimServer, type OwnedServer } from "./claim-server.ts";
import { SUPERUSER } from "./initialize.ts";
import { DATABASE } from "./ownership.ts";
import { stopPostmaster } from "./pg-ctl.ts";
import { LOOPBACK } from "./port.ts";
import { type PreparedServer, prepareServer } from "./prepared-server.ts";

export type EmbeddedPostgresOptions = {
  /** Kept between starts. Without it, see `defaultDataDirectory`. */
  readonly dataDirectory?: string | undefined;
  /** Without it, the port of the last start, or a free one. */
  readonly port?: number | undefined;
  readonly log: (line: string) => void;
  /** Gives up the start: nothing is left running, and the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
};

export type EmbeddedPostgres = {
  /** With the password: never to be logged. */
  readonly url: string;
  readonly dataDirectory: string;
  /** Stops the server in order and leaves no process behind. May be called more than once. */
  stop(): Promise<void>;
};

/**
 * Starts the PostgreSQL that npm brings, on data that survive restarts, or adopts the server that a killed process
 * left running on them. The server outlives this process if that is killed; the next start finds and adopts it.
 *
 * Throws `EmbeddedPostgresError`, whose message is one line.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDirectory, port, log, signal } = options;
  const server = await prepareServer({ dataDirectory, log, signal });
  const owned = await claimServer(server, { port, log, signal });
  const keeper = keepOwnership(server, owned, log);
  let stopped: Promise<void> | undefined;
  return {
    url: `postgres://${SUPERUSER}:${server.password}@${LOOPBACK}:${owned.port}/${DATABASE}?sslmode=disable`,
    dataDirectory: server.dataDirectory,
    stop: () => {
      stopped ??= keeper.stop();
      return stopped;
    },
  };
}

/**
 * Watches the session that makes us the owner. It ends when PostgreSQL restarts itself because one of its
 * processes was killed, and when the whole server was: then it is claimed again, and started if need be, on the
 * same port, so that the service's pool of connections recovers by itself.
 */
function keepOwnership(
  server: PreparedServer,
  first: OwnedServer,
  log: (line: string) => void,
): { stop(): Promise<void> } {
  let stopping = false;
  let owned: OwnedServer | undefined = first;
  let claiming = Promise.resolve();
  const claimAgain = async (): Promise<void> => {
    log("PostgreSQL ended its sessions; claiming it again");
    owned = await claimServer(server, { port: first.port, log, signal: undefined }).catch((error: Error) => {
      log(`PostgreSQL is lost: ${error.message}`);
      return undefined;
    });
  };
  const watch = async (): Promise<void> => {
    while (owned !== undefined) {
      await owned.ownership.lost;
      if (stopping) {
        return;
      }
      claiming = claimAgain();
      await claiming;
    }
  };
  const watching = watch();
  return {
    stop: async () => {
      stopping = true;
      // A claim in flight would start again what is stopped here.
      await claiming;
      if (owned !== undefined) {
        await stopPostmaster(server);
        await owned.ownership.release();
      }
      await watching;
    },
  };
}
