import cluster from "node:cluster";
import { env } from "node:process";
import { ConfigError } from "./config/settings-reader.ts";
import { parseConfig, readEnv } from "./config.ts";
import type { Server } from "./server/life.ts";
import { StartError } from "./server/start-error.ts";
import { serveAsWorker } from "./server/worker.ts";
import { keepNewObjectsYoung } from "./server/young-objects.ts";
import { createService } from "./server.ts";
import { welcomeText } from "./telemetry/welcome.ts";

/** A terminal's Ctrl-C reaches this process twice under npm, which passes it on: that is no second one. */
const SECOND_SIGNAL_AFTER_MS = 500;

keepNewObjectsYoung();
let firstAt: number | undefined;
try {
  const config = parseConfig(readEnv(env));
  if (cluster.isWorker) {
    serveAsWorker(config);
  } else {
    const service = createService(config, fail);
    stopOnSignal(service);
    process.stdout.write(welcomeText(await service.start()));
  }
} catch (error) {
  // A start that a signal gave up is no failure; the process ends once everything is stopped.
  if (firstAt === undefined) fail(error);
}

/** The first signal drains, or gives up the start; the second one ends the process at once. */
function stopOnSignal(server: Server): void {
  const onSignal = () => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SECOND_SIGNAL_AFTER_MS) process.exit(1);
      return;
    }
    firstAt = performance.now();
    server.stop().then(() => process.exit(0), fail);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

function fail(error: unknown): never {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

/** A line for each thing that a person can mend; all there is for a fault of the code. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.faults.map((fault) => `pleyor-credits: ${fault}`).join("\n");
  if (error instanceof StartError) return `pleyor-credits: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
