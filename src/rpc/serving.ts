import { ServiceError } from "../service/service-error.ts";
import type { CallScope } from "./call-scope.ts";
import type { Endpoint } from "./endpoint.ts";

/** When a caller that was refused should try again: by then, its balancer has noticed the state of health. */
const RETRY_AFTER_MS = 1_000;

/**
 * Whether this server serves, and which calls it is answering. Draining refuses
 * new calls, gives those in flight their time, and cuts off the rest.
 */
export class Serving {
  #draining = false;
  readonly #calls = new Set<CallScope>();
  readonly #streams = new Set<CallScope>();
  readonly #watchers = new Set<() => void>();
  #onIdle: (() => void) | undefined;

  get draining(): boolean {
    return this.#draining;
  }

  /** Counts a call in; throws while draining, unless what is called answers even then. */
  enter(scope: CallScope, { kind, whileDraining }: Pick<Endpoint, "kind" | "whileDraining">): void {
    if (this.#draining && !whileDraining) {
      throw new ServiceError("DRAINING", "the server is draining", { retryAfterMs: RETRY_AFTER_MS });
    }
    (kind === "unary" ? this.#calls : this.#streams).add(scope);
  }

  leave(scope: CallScope): void {
    this.#streams.delete(scope);
    if (this.#calls.delete(scope) && this.#calls.size === 0) this.#onIdle?.();
  }

  /** Calls back on each change, until the returned function is called. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Resolves once no call is in flight, to the number of calls that had to be cut off for it. */
  async drain(timeoutMs: number): Promise<number> {
    this.#draining = true;
    for (const notify of [...this.#watchers]) notify();
    // So that who watches is told before the stream ends.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#idle(timeoutMs);
    const late = [...this.#calls];
    // Their changes may be on their way to the database, so "nothing was done" would be a lie.
    const reason = new ServiceError("DATABASE_UNAVAILABLE", "the server stops before the database answered");
    for (const scope of late) scope.abort(reason);
    this.#endStreams();
    return late.length;
  }

  #idle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#calls.size === 0) return resolve();
      const timeout = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
  }

  /** Streams have no end of their own; their callers connect again, elsewhere. */
  #endStreams(): void {
    for (const scope of this.#streams) {
      scope.abort(new ServiceError("DRAINING", "the server stops", { retryAfterMs: RETRY_AFTER_MS }));
    }
  }
}
