import { ServiceError } from "../service/service-error.ts";

/** The longest delay that a timer can have; a later deadline is none. */
const TIMER_MS_MAX = 2_147_483_647;

/** Timers of the transports may fire this much before the clock says so. */
const CLOCK_SLACK_MS = 5;

/** The life of one call: it ends by itself, or by the first reason to abort it. */
export class CallScope {
  readonly deadlineMs: number;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #onAbort: ((reason: ServiceError) => void) | undefined;
  #onAbortWrite: ((reason: ServiceError) => void) | undefined;
  #ended = false;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
    const delay = deadlineMs - Date.now();
    if (delay <= 0) this.expire();
    else if (delay <= TIMER_MS_MAX) this.#timer = setTimeout(() => this.expire(), delay);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Waits for what a handler does, but not longer than the call lives; one wait at a time. Cheaper than a race
   * with a promise.
   */
  wait<T>(work: T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onAbort = reject;
      Promise.resolve(work).then(resolve, reject);
      if (this.signal.aborted) reject(this.signal.reason);
    });
  }

  /** Waits until a message is taken, as a part of what a handler does; one at a time. */
  written(write: (taken: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) {
        reject(this.signal.reason);
        return;
      }
      this.#onAbortWrite = reject;
      write(() => {
        this.#onAbortWrite = undefined;
        resolve();
      });
    });
  }

  /** The caller has gone. A transport tells the same at the deadline, so the clock decides which it was. */
  cancel(): void {
    // Most calls are told so when they have ended; an error with its stack costs a good part of one.
    if (this.#ended) return;
    if (Date.now() + CLOCK_SLACK_MS >= this.deadlineMs) this.expire();
    else this.abort(new ServiceError("CANCELLED", "the caller cancelled the call"));
  }

  expire(): void {
    this.abort(new ServiceError("DEADLINE_EXCEEDED", "the call's deadline has passed"));
  }

  abort(reason: ServiceError): void {
    if (this.#ended) return;
    const listeners = [this.#onAbort, this.#onAbortWrite];
    this.end();
    this.#controller.abort(reason);
    for (const listener of listeners) listener?.(reason);
  }

  /** After this, nothing aborts it any more, and it lets go of who waited. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onAbort = undefined;
    this.#onAbortWrite = undefined;
  }
}
