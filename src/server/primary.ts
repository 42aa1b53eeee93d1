import type { Config } from "../config.ts";
import { freePort } from "../storage/embedded/port.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { Crew } from "./crew.ts";
import { type Server, serverLife } from "./life.ts";
import { startDatabase } from "./start-database.ts";
import { install } from "./start-serving.ts";
import { warnOfOpenDoors } from "./warning.ts";

/**
 * The process that starts the database, and workers that serve. It serves nothing itself, and ends with them;
 * `onLost` hears why they can't be kept alive, once all that was started is stopped again.
 */
export function createPrimary(config: Config, onLost: (error: unknown) => void): Server {
  const telemetry = new Telemetry(config.logLevel);
  const { workers: size, limits, listen } = config;
  const server = serverLife(
    async (to) => {
      const database = await startDatabase(config, telemetry, to);
      to.signal.throwIfAborted();
      warnOfOpenDoors(config, telemetry);
      await install(config, database);
      to.signal.throwIfAborted();
      const ports = {
        grpcPort: listen.grpcPort || (await freePort()),
        httpPort: listen.httpPort || (await freePort()),
      };
      const crew = new Crew({
        size,
        order: { database, ports },
        drainTimeoutMs: limits.drainTimeoutMs,
        telemetry,
        onLost: (error) => void server.stop().then(() => onLost(error)),
      });
      to.parts.started(() => crew.stop());
      const onAbort = (): void => void crew.stop();
      to.signal.addEventListener("abort", onAbort);
      const addresses = await crew.start();
      to.signal.removeEventListener("abort", onAbort);
      telemetry.serverStarted(addresses);
      return { ...addresses, ...database };
    },
    () => telemetry.serverStopped(),
  );
  return server;
}
