import { type MetricsState, sumOfMetrics } from "../telemetry/metrics-state.ts";

/** A worker that is busy answers late; one that is frozen must not keep monitoring from what the others say. */
const ANSWER_TIMEOUT_MS = 1_000;

type Asked = { readonly waiting: Set<number>; readonly resolve: () => void };

/**
 * The metrics of all workers together, as the primary gathers them. What a worker has counted stays when it is
 * gone, so that the sums never fall; what one counted since it was last asked is lost where it was killed.
 */
export class MetricsSum {
  readonly #ask: (worker: number, question: number) => void;
  /** As each told last. */
  readonly #known = new Map<number, MetricsState>();
  #departed: MetricsState = [];
  readonly #open = new Map<number, Asked>();
  #questions = 0;

  constructor(ask: (worker: number, question: number) => void) {
    this.#ask = ask;
  }

  async gather(workers: readonly number[]): Promise<MetricsState> {
    this.#questions += 1;
    const question = this.#questions;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.set(question, { waiting: new Set(workers), resolve });
    if (workers.length === 0) resolve();
    for (const worker of workers) this.#ask(worker, question);
    const timeout = setTimeout(resolve, ANSWER_TIMEOUT_MS);
    await promise;
    clearTimeout(timeout);
    this.#open.delete(question);
    return sumOfMetrics([this.#departed, ...this.#known.values()]);
  }

  told(worker: number, question: number, metrics: MetricsState): void {
    this.#known.set(worker, metrics);
    this.#check(question, worker);
  }

  /** The worker's number is given to another. */
  left(worker: number): void {
    this.#departed = sumOfMetrics([this.#departed, this.#known.get(worker) ?? []]);
    this.#known.delete(worker);
    for (const question of this.#open.keys()) this.#check(question, worker);
  }

  #check(question: number, worker: number): void {
    const asked = this.#open.get(question);
    asked?.waiting.delete(worker);
    if (asked?.waiting.size === 0) asked.resolve();
  }
}
