import type { Time } from "../domain/time.ts";
import type { Allowance } from "./allowance.ts";
import type { FanOut } from "./fan-out.ts";
import type { Watcher } from "./watcher.ts";

/** That nothing is new, by a comparison with the database. One object for all who are told. */
export type Quiet = Readonly<{ kind: "quiet"; compareTime: Time }>;

/** How many there may be, and how often is looked for who is to have one. */
export type Heartbeats = Readonly<{ allowance: Allowance; everyMs: number }>;

/**
 * Something that changes, and who watches it. It keeps the newest state alone: a
 * watcher that is slow takes up no more room, and finds the newest when it is ready.
 */
export class Topic<S> {
  readonly watchers = new Set<Watcher<S>>();
  /** Those that have been told everything and wait for more. */
  readonly waiting = new Set<Watcher<S>>();
  readonly fanOut: FanOut;
  readonly #isNewer: (state: S, than: S) => boolean;
  #newest: S | undefined;
  #quiet: Quiet | undefined;

  constructor(fanOut: FanOut, isNewer: (state: S, than: S) => boolean) {
    this.fanOut = fanOut;
    this.#isNewer = isNewer;
  }

  get newest(): S | undefined {
    return this.#newest;
  }

  /** The last comparison; undefined before the first. */
  get quiet(): Quiet | undefined {
    return this.#quiet;
  }

  /** States may come from several sides, in any order: older ones are dropped. */
  publish(state: S): void {
    if (this.#newest !== undefined && !this.#isNewer(state, this.#newest)) return;
    this.#newest = state;
    for (const watcher of this.waiting) if (watcher.isNews(state)) this.#wake(watcher);
  }

  /**
   * The database was looked at, and what it had was published: who has heard nothing for long is told so. Where all
   * heartbeats that are allowed are used up, who can wait for it is told after another comparison.
   */
  compared(compareTime: Time, now: number, { allowance, everyMs }: Heartbeats): void {
    this.#quiet = { kind: "quiet", compareTime };
    for (const watcher of this.waiting) {
      if (!watcher.isHeartbeatDue(now)) continue;
      if (watcher.canWait(now + everyMs) && allowance.take(1) === 0) continue;
      this.#wake(watcher);
    }
  }

  #wake(watcher: Watcher<S>): void {
    this.waiting.delete(watcher);
    this.fanOut.add(watcher);
  }
}
