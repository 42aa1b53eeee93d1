import type { Config } from "./config.ts";
import { type Server, serverLife } from "./server/life.ts";
import { createPrimary } from "./server/primary.ts";
import { startDatabase } from "./server/start-database.ts";
import { install, type ServingOverrides, startServing } from "./server/start-serving.ts";
import { warnOfOpenDoors } from "./server/warning.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** What a test or another program sets that no setting does. */
export type ServerOverrides = Partial<ServingOverrides>;

/** The wiring of the whole service, in this process; nothing runs before `start`. */
export function createServer(config: Config, overrides: ServerOverrides = {}): Server {
  const telemetry = overrides.telemetry ?? new Telemetry(config.logLevel);
  return serverLife(
    async (to) => {
      const database = await startDatabase(config, telemetry, to);
      to.signal.throwIfAborted();
      warnOfOpenDoors(config, telemetry);
      await install(config, database);
      const addresses = await startServing(config, { ...overrides, telemetry }, database, to.parts);
      telemetry.serverStarted(addresses);
      return { ...addresses, ...database };
    },
    () => telemetry.serverStopped(),
  );
}

/** As `createServer`, in as many processes as the settings say. `onLost` hears that they can't be kept alive. */
export function createService(config: Config, onLost: (error: unknown) => void): Server {
  return config.workers === 1 ? createServer(config) : createPrimary(config, onLost);
}
