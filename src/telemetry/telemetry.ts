import { createLog, type Log, type LogSink } from "./log.ts";
import { Metrics, type Turn } from "./metrics.ts";
import { type MetricsState, metricsText } from "./metrics-state.ts";

/** How one call ended. `reason` is that of its error. */
export type CallEnd = Readonly<{
  method: string;
  door: string;
  code: string;
  reason: string | undefined;
  durationMs: number;
}>;

/** Gives the metrics of all processes of the service together. */
export type GatherMetrics = () => Promise<MetricsState>;

type TelemetryOptions = Readonly<{
  sink?: LogSink;
  /** Which of several processes this one is; absent: it is the whole service. */
  worker?: Readonly<{ number: number; gather: GatherMetrics }>;
}>;

/** What the service tells about itself: one function for each event. */
export class Telemetry {
  readonly #metrics = new Metrics();
  readonly #gather: GatherMetrics;
  /** For parts that tell what no event here stands for. */
  readonly log: Log;

  constructor(level: string, { sink, worker }: TelemetryOptions = {}) {
    this.log = createLog(level, { sink, worker: worker?.number });
    this.#gather = worker?.gather ?? (() => Promise.resolve(this.metrics()));
  }

  /** Counted always, but logged on demand only: a line for each of 10,000 calls a second would cost as much as they do. */
  callEnded({ method, door, code, reason, durationMs }: CallEnd): void {
    this.#metrics.call({ method, door, code }, durationMs);
    this.log.debug({ method, door, code, reason, durationMs }, "call ended");
  }

  /** A command was taken into a batch, after so long a wait. */
  commandTaken(turn: Turn, waitMs: number): void {
    this.#metrics.waited(turn, waitMs);
  }

  batchEnded(elapsedMs: number): void {
    this.#metrics.batch(elapsedMs);
  }

  /** A fault of ours; the caller was told the id and nothing else. */
  callCrashed(crash: Readonly<{ method: string; errorId: string; error: unknown }>): void {
    this.log.error(crash, "call crashed");
  }

  /** Something failed where nobody waits for an answer; it will be tried again. */
  backgroundFailed(error: unknown): void {
    this.log.error({ error }, "background work failed");
  }

  /** What the embedded PostgreSQL tells of its start and its end. */
  databaseTold(line: string): void {
    this.log.info({ line }, "embedded PostgreSQL");
  }

  serverStarted(addresses: Readonly<{ grpcAddress: string; httpAddress: string }>): void {
    this.log.info(addresses, "server started");
  }

  /** Whoever reaches that address can spend and grant every organization's credits. */
  listeningBeyondLoopback(address: string): void {
    this.log.warn(
      { address },
      "listening beyond loopback without authentication: whoever reaches this address can read, grant and spend every organization's credits",
    );
  }

  testClocksServed(): void {
    this.log.warn(
      "test clocks are on: whoever reaches this server can set any organization's time forward, and let its credits expire",
    );
  }

  drainStarted(timeoutMs: number): void {
    this.log.info({ timeoutMs }, "draining: new calls are refused, calls in flight may end");
  }

  drained(callsCutOff: number): void {
    if (callsCutOff > 0) this.log.warn({ callsCutOff }, "drained: some calls had to be cut off");
    else this.log.info("drained");
  }

  serverStopped(): void {
    this.log.info("server stopped");
  }

  /** A worker serves; how many times this place was filled before. */
  workerServes(worker: Readonly<{ worker: number; pid: number | undefined; replaced: number }>): void {
    this.log.info(worker, "worker serves");
  }

  /** A worker ended that nobody had told to; another one takes its place. */
  workerLost(worker: Readonly<{ worker: number; how: string; replacedAfterMs: number }>): void {
    this.log.error(worker, "worker lost");
  }

  /** A worker had to be killed, because it did not end when it was told to. */
  workerKilled(worker: Readonly<{ worker: number; pid: number | undefined }>): void {
    this.log.error(worker, "worker killed: it did not end in time");
  }

  /** What this process counted. */
  metrics(): MetricsState {
    return this.#metrics.state();
  }

  /** All metrics of the service, as Prometheus reads them. */
  async metricsText(): Promise<string> {
    return metricsText(await this.#gather());
  }
}
