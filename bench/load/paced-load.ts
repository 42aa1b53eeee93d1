import { SpendCaller } from "./caller.ts";
import { Connection } from "./connection.ts";
import { STATUS_OVERLOADED } from "./grpc-status.ts";
import { Latencies } from "./latencies.ts";
import type { Load, LoadOrder, LoadOutcome } from "./order.ts";

/** As a few services that each keep one connection. */
const CONNECTIONS = 8;
/** What is still not answered then is lost. */
const ANSWERS_TIMEOUT_MS = 10_000;

/** Reserves and settles at a rate of arrivals that does not wait for answers, as many independent callers do. */
export async function pacedLoad(order: LoadOrder, perSecond: number): Promise<Load> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Connection.open(order.address, lost.reject, true)),
  );
  const run = new PacedRun(order, perSecond, connections, lost.reject);
  return {
    run: () => Promise.race([run.run(), lost.promise]),
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

class PacedRun {
  readonly #order: LoadOrder;
  readonly #perMs: number;
  readonly #connections: readonly Connection[];
  readonly #fail: (error: Error) => void;
  /** Who has no call in flight. A caller that was refused makes the same call at its next turn. */
  readonly #idle: SpendCaller[] = [];
  readonly #latencies = new Latencies();
  readonly #done = Promise.withResolvers<void>();
  #callers = 0;
  #sent = 0;
  #answered = 0;
  #refused = 0;
  #acceptedInAll = 0;
  #begin = 0;
  #over = false;

  constructor(
    order: LoadOrder,
    perSecond: number,
    connections: readonly Connection[],
    fail: (error: Error) => void,
  ) {
    this.#order = order;
    this.#perMs = perSecond / 1_000;
    this.#connections = connections;
    this.#fail = fail;
  }

  async run(): Promise<LoadOutcome> {
    const { durationMs, settleMs = 0 } = this.#order;
    this.#begin = performance.now();
    const tick = setInterval(() => this.#sendDue(), 1);
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    clearInterval(tick);
    this.#sendDue();
    this.#over = true;
    const timeout = setTimeout(
      () => this.#fail(new Error("some calls are not answered")),
      ANSWERS_TIMEOUT_MS,
    );
    if (this.#answered < this.#sent) await this.#done.promise;
    clearTimeout(timeout);
    return {
      calls: this.#latencies.count,
      callsInAll: this.#acceptedInAll,
      refused: this.#refused,
      // What began in this time is counted, whenever it was answered.
      elapsedMs: durationMs - settleMs,
      medianMs: this.#latencies.quantile(0.5),
      p99Ms: this.#latencies.quantile(0.99),
    };
  }

  /** All calls whose time has come; each is timed from when it was due, so that a late sender hides nothing. */
  #sendDue(): void {
    const elapsedMs = Math.min(performance.now() - this.#begin, this.#order.durationMs);
    while (this.#sent < elapsedMs * this.#perMs) this.#send(this.#sent / this.#perMs);
  }

  #send(dueMs: number): void {
    const connection = this.#connections[this.#sent % this.#connections.length];
    const caller = this.#idle.pop() ?? this.#newCaller();
    this.#sent += 1;
    connection?.call(caller.next(), (message, status) => this.#answer(caller, dueMs, message, status));
  }

  #answer(caller: SpendCaller, dueMs: number, message: Buffer | undefined, status: number | undefined): void {
    const counts = dueMs >= (this.#order.settleMs ?? 0);
    this.#answered += 1;
    if (message) {
      this.#acceptedInAll += 1;
      if (counts) this.#latencies.add(performance.now() - this.#begin - dueMs);
      caller.answered(message);
    } else if (status === STATUS_OVERLOADED) {
      if (counts) this.#refused += 1;
    } else {
      this.#fail(new Error(`a call failed with status ${status}`));
    }
    this.#idle.push(caller);
    if (this.#over && this.#answered === this.#sent) this.#done.resolve();
  }

  #newCaller(): SpendCaller {
    const { calls } = this.#order;
    if (calls.kind !== "spend") throw new Error("only spending comes at a rate");
    this.#callers += 1;
    return new SpendCaller(this.#callers, calls.organizationIds);
  }
}
