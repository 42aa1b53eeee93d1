import type { StreamEnd } from "./stream-end.ts";
import type { Quiet, Topic } from "./topic.ts";

/** What a watcher is woken by: the newest state, or a comparison that found nothing new. */
export type Wake<S> = Readonly<{ kind: "news"; state: S }> | Quiet;

export type WatchOptions<S> = Readonly<{
  /** Whether a state is more than this watcher was told. */
  isNews: (state: S) => boolean;
  heartbeatMs: number;
  /** Leaves when it is aborted, at once: who told it more is not waited for. */
  signal: AbortSignal;
}>;

/** Leaves time for the message to be told in its turn and to travel. */
const LATE_INTERVALS = 1.5;

/** One who watches a topic, at its own pace. */
export class Watcher<S> {
  readonly #topic: Topic<S>;
  readonly #options: WatchOptions<S>;
  readonly #onClose: () => void;
  #waiting: PromiseWithResolvers<Wake<S>> | undefined;
  #toldAt = performance.now();
  #ended: StreamEnd | undefined;

  constructor(topic: Topic<S>, options: WatchOptions<S>, onClose: () => void) {
    this.#topic = topic;
    this.#options = options;
    this.#onClose = onClose;
    topic.watchers.add(this);
    options.signal.addEventListener("abort", this.#abort, { once: true });
    if (options.signal.aborted) this.close();
  }

  /** The next thing to tell, as soon as there is one. Rejects with a StreamEnd, or as its signal was aborted. */
  next(): Promise<Wake<S>> {
    const { signal } = this.#options;
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#ended) return Promise.reject(this.#ended);
    this.#waiting = Promise.withResolvers();
    const { newest, waiting, fanOut } = this.#topic;
    if (newest !== undefined && this.isNews(newest)) fanOut.add(this);
    else waiting.add(this);
    return this.#waiting.promise;
  }

  isNews(state: S): boolean {
    return this.#options.isNews(state);
  }

  isHeartbeatDue(now: number): boolean {
    return now - this.#toldAt >= this.#options.heartbeatMs;
  }

  /** Whether its heartbeat may come as late as then: after two intervals without a message, callers connect again. */
  canWait(until: number): boolean {
    return until - this.#toldAt < this.#options.heartbeatMs * LATE_INTERVALS;
  }

  /** Whether it has left what it was told unread for so long. */
  isStalled(now: number, ms: number): boolean {
    return this.#waiting === undefined && now - this.#toldAt >= ms;
  }

  /** Its turn has come. What is newest now is told, which may be newer than what woke it. */
  deliver(): void {
    const { newest, quiet } = this.#topic;
    const wake =
      newest !== undefined && this.isNews(newest) ? ({ kind: "news", state: newest } as const) : quiet;
    if (wake === undefined) return;
    this.#waiting?.resolve(wake);
    this.#waiting = undefined;
    this.#toldAt = performance.now();
  }

  end(end: StreamEnd): void {
    this.#ended = end;
    this.#waiting?.reject(end);
    this.close();
  }

  /** May be called again. */
  close(): void {
    const { watchers, waiting, fanOut } = this.#topic;
    waiting.delete(this);
    fanOut.delete(this);
    this.#options.signal.removeEventListener("abort", this.#abort);
    if (watchers.delete(this)) this.#onClose();
  }

  readonly #abort = (): void => {
    this.#waiting?.reject(this.#options.signal.reason);
    this.close();
  };
}
