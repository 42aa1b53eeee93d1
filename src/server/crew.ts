import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import type { DoorAddresses } from "../rpc/doors.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { MetricsSum } from "./metrics-sum.ts";
import { StartError } from "./start-error.ts";
import type { FromWorker, ServeOrder, ToWorker } from "./worker-messages.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A worker that served so long was no failed start. */
const SETTLED_MS = 10_000;
/** So many ends in a row, each soon after its start, are no accident. */
const QUICK_ENDS_MAX = 5;
const REPLACE_MS_FIRST = 100;
const REPLACE_MS_MAX = 5_000;
/** Beyond the drain: for batches that are being written, and a database that is away. */
const STOP_GRACE_MS = 20_000;

type CrewParts = Readonly<{
  size: number;
  order: Omit<ServeOrder, "worker">;
  drainTimeoutMs: number;
  telemetry: Telemetry;
  /** Hears once that workers end as soon as they start. */
  onLost: (error: StartError) => void;
}>;

/** A worker's number, whoever has it now. */
type Place = {
  readonly number: number;
  worker: Worker | undefined;
  /** Since when it serves, in milliseconds; undefined before. */
  servesSince: number | undefined;
  replaced: number;
  quickEnds: number;
  retry: NodeJS.Timeout | undefined;
};

/** The workers: starts them, puts another one in the place of each that ends by itself, and stops them. */
export class Crew {
  readonly #parts: CrewParts;
  readonly #places: readonly Place[];
  readonly #metrics: MetricsSum;
  #stopping = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
    this.#places = Array.from({ length: parts.size }, (_, index) => ({
      number: index + 1,
      worker: undefined,
      servesSince: undefined,
      replaced: 0,
      quickEnds: 0,
      retry: undefined,
    }));
    this.#metrics = new MetricsSum((number, question) =>
      this.#tell(this.#places[number - 1]?.worker, { kind: "tell metrics", question }),
    );
    // The primary accepts connections and deals them out in turns: where workers accept, the kernel gives one most.
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: MAIN, args: [] });
  }

  /** Resolves once all of them serve, to the addresses that they share. Throws a StartError where one does not. */
  async start(): Promise<DoorAddresses> {
    const [addresses] = await Promise.all(this.#places.map((place) => this.#fill(place)));
    if (!addresses) throw new Error("a crew of nobody");
    for (const place of this.#places) this.#watch(place);
    return addresses;
  }

  /** Drains all of them; resolves when no process is left. One that does not end is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { retry } of this.#places) clearTimeout(retry);
    await Promise.all(this.#places.map((place) => this.#empty(place)));
  }

  /** Resolves when it serves; rejects where it ends before that. */
  #fill(place: Place): Promise<DoorAddresses> {
    if (this.#stopping) return Promise.reject(new StartError("stopped while it started"));
    const worker = cluster.fork();
    place.worker = worker;
    place.servesSince = undefined;
    return new Promise((resolve, reject) => {
      let line = "a worker ended before it served";
      worker.on("message", (message: FromWorker) => {
        if (message.kind === "serving") resolve(message.addresses);
        else if (message.kind === "failed") line = message.line;
        else this.#hear(place, worker, message);
      });
      worker.once("exit", () => {
        place.worker = undefined;
        this.#metrics.left(place.number);
        reject(new StartError(line));
      });
      // A worker that ends while it is written to is heard of by its exit.
      worker.on("error", () => undefined);
      this.#tell(worker, { kind: "serve", order: { ...this.#parts.order, worker: place.number } });
    });
  }

  #watch(place: Place): void {
    const { number, worker, replaced } = place;
    if (!worker) {
      this.#replace(place, "it ended as soon as it served");
      return;
    }
    place.servesSince = performance.now();
    this.#parts.telemetry.workerServes({ worker: number, pid: worker.process.pid, replaced });
    worker.once("exit", (code: number | null, signal: string | null) =>
      this.#replace(place, signal ?? `exit code ${code}`),
    );
  }

  #replace(place: Place, how: string): void {
    if (this.#stopping) return;
    const { servesSince = Number.POSITIVE_INFINITY } = place;
    const settled = performance.now() - servesSince >= SETTLED_MS;
    place.quickEnds = settled ? 1 : place.quickEnds + 1;
    if (place.quickEnds > QUICK_ENDS_MAX) {
      this.#parts.onLost(new StartError(`workers end as soon as they start: ${how}`));
      return;
    }
    const replacedAfterMs = Math.min(REPLACE_MS_FIRST * 2 ** (place.quickEnds - 1), REPLACE_MS_MAX);
    this.#parts.telemetry.workerLost({ worker: place.number, how, replacedAfterMs });
    place.retry = setTimeout(() => {
      place.replaced += 1;
      this.#fill(place).then(
        () => this.#watch(place),
        (error: StartError) => this.#replace(place, error.message),
      );
    }, replacedAfterMs);
  }

  #empty({ number, worker }: Place): Promise<void> {
    if (!worker) return Promise.resolve();
    return new Promise((resolve) => {
      const timeout = setTimeout(() => {
        this.#parts.telemetry.workerKilled({ worker: number, pid: worker.process.pid });
        worker.process.kill("SIGKILL");
      }, this.#parts.drainTimeoutMs + STOP_GRACE_MS);
      worker.once("exit", () => {
        clearTimeout(timeout);
        resolve();
      });
      this.#tell(worker, { kind: "stop" });
    });
  }

  #hear(place: Place, asker: Worker, message: FromWorker): void {
    if (message.kind === "metrics") this.#metrics.told(place.number, message.question, message.metrics);
    if (message.kind !== "ask metrics") return;
    const { question } = message;
    const serving = this.#places.flatMap(({ number, worker }) => (worker ? [number] : []));
    void this.#metrics
      .gather(serving)
      .then((metrics) => this.#tell(asker, { kind: "all metrics", question, metrics }));
  }

  #tell(worker: Worker | undefined, message: ToWorker): void {
    if (worker?.isConnected()) worker.send(message);
  }
}
