import { CallMetrics } from "./call-metrics.ts";
import { createLog, type Log, type LogSink } from "./log.ts";

/** How one call ended. `reason` is that of its error. */
export type CallEnd = Readonly<{
  method: string;
  door: string;
  code: string;
  reason: string | undefined;
  durationMs: number;
}>;

/** What the service tells about itself: one function for each event. */
export class Telemetry {
  readonly #metrics = new CallMetrics();
  /** For parts that tell what no event here stands for. */
  readonly log: Log;

  constructor(level: string, sink?: LogSink) {
    this.log = createLog(level, sink);
  }

  /** Counted always, but logged on demand only: a line for each of 10,000 calls a second would cost as much as they do. */
  callEnded({ method, door, code, reason, durationMs }: CallEnd): void {
    this.#metrics.record({ method, door, code }, durationMs);
    this.log.debug({ method, door, code, reason, durationMs }, "call ended");
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

  /** All metrics, as Prometheus reads them. */
  metricsText(): string {
    return this.#metrics.text();
  }
}
