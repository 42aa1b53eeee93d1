import type { Config } from "../config.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { serverLife } from "./life.ts";
import { MetricsQuestions } from "./metrics-questions.ts";
import { StartError } from "./start-error.ts";
import { startServing } from "./start-serving.ts";
import type { FromWorker, ServeOrder, ToWorker } from "./worker-messages.ts";
import { shareOf } from "./worker-share.ts";

/**
 * One of the processes that serve the two ports. It does what the primary tells it, and ends with it: a channel that
 * breaks ends a worker of node:cluster at once, whatever it does.
 */
export function serveAsWorker(config: Config): void {
  // A terminal, and some supervisors, signal every process of the service. The primary hears it too, and tells.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  process.on("message", function onOrder(message: ToWorker) {
    if (message.kind === "stop") process.exit(0);
    if (message.kind !== "serve") return;
    process.off("message", onOrder);
    serve(config, message.order).catch(fail);
  });
}

async function serve(config: Config, { worker, database, ports }: ServeOrder): Promise<void> {
  const questions = new MetricsQuestions((question) => tell({ kind: "ask metrics", question }));
  const gather = () => questions.ask();
  const telemetry = new Telemetry(config.logLevel, { worker: { number: worker, gather } });
  const own = { ...shareOf(config), listen: { ...config.listen, ...ports } };
  const server = serverLife(
    async ({ parts }) => ({ ...(await startServing(own, { telemetry }, database, parts)), ...database }),
    () => telemetry.serverStopped(),
  );
  process.on("message", (message: ToWorker) => {
    if (message.kind === "stop") server.stop().then(() => process.exit(0), fail);
    if (message.kind === "tell metrics")
      tell({ kind: "metrics", question: message.question, metrics: telemetry.metrics() });
    if (message.kind === "all metrics") questions.answer(message.question, message.metrics);
  });
  const { grpcAddress, httpAddress } = await server.start();
  tell({ kind: "serving", addresses: { grpcAddress, httpAddress } });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message: FromWorker = { kind: "failed", line: error instanceof StartError ? error.message : text };
  process.send?.(message, () => process.exit(1));
}
