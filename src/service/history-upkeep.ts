import { indexSegments, organizationsToIndex } from "../storage/history-segments.ts";
import type { Orm } from "../storage/orm.ts";

/** Until then, lists look through what is new, which is bounded. */
const LOOK_MS = 5_000;

/** Looked for at a time. */
const ORGANIZATIONS_MAX = 100;

/** Keeps the index of history by segments going behind the changes. Every server does, in turns. */
export class HistoryUpkeep {
  readonly #orm: Orm;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(orm: Orm, onError: (error: unknown) => void) {
    this.#orm = orm;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setInterval(() => this.#run(), LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #run(): void {
    if (this.#running) return;
    this.#running = this.#work()
      .catch(this.#onError)
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #work(): Promise<void> {
    for (const organizationId of await organizationsToIndex(this.#orm, ORGANIZATIONS_MAX))
      while (this.#timer !== undefined && (await indexSegments(this.#orm, organizationId)));
  }
}
