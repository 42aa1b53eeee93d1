import { env } from "node:process";
import { ConfigError, parseConfig, readEnv } from "./config.ts";
import { createServer, type Server, StartError } from "./server.ts";
import { welcomeText } from "./telemetry/welcome.ts";

/** A terminal's Ctrl-C reaches this process twice under npm, which passes it on: that is no second one. */
const SECOND_SIGNAL_AFTER_MS = 500;

try {
  const server = createServer(parseConfig(readEnv(env)));
  stopOnSignal(server);
  process.stdout.write(welcomeText(await server.start()));
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

/** The first signal drains; the second one ends the process at once. */
function stopOnSignal(server: Server): void {
  let firstAt: number | undefined;
  const onSignal = () => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SECOND_SIGNAL_AFTER_MS) process.exit(1);
      return;
    }
    firstAt = performance.now();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${explain(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

/** A line for each thing that a person can mend; all there is for a fault of the code. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.faults.map((fault) => `pleyor-credits: ${fault}`).join("\n");
  if (error instanceof StartError) return `pleyor-credits: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
