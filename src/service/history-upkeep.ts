import { databaseFaultOf } from "../storage/database-fault.ts";
import { indexSegments, organizationsToIndex } from "../storage/history-segments.ts";
import type { Orm } from "../storage/orm.ts";

/** Until then, lists look through what is new, which is bounded. */
const LOOK_MS = 5_000;

/** Looked through at a time, so that a look costs the same however many there are. */
const ORGANIZATIONS_MAX = 10_000;

/** Keeps the index of history by segments going behind the changes. Every server does, in turns. */
export class HistoryUpkeep {
  readonly #orm: Orm;
  readonly #onError: (error: unknown) => void;
  readonly #lookMs: number;
  /** The last organization that was looked at; empty before the first one. */
  #after = "";
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(orm: Orm, onError: (error: unknown) => void, lookMs = LOOK_MS) {
    this.#orm = orm;
    this.#onError = onError;
    this.#lookMs = lookMs;
  }

  start(): void {
    this.#timer = setInterval(() => this.#run(), this.#lookMs);
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
    const { organizationIds, last = "" } = await organizationsToIndex(
      this.#orm,
      this.#after,
      ORGANIZATIONS_MAX,
    );
    for (const organizationId of organizationIds) await this.#index(organizationId);
    this.#after = last;
  }

  /** One that fails is tried again in its turn, and keeps nobody else waiting, unless the database is away for all. */
  async #index(organizationId: string): Promise<void> {
    try {
      while (this.#timer !== undefined && (await indexSegments(this.#orm, organizationId)));
    } catch (error) {
      if (databaseFaultOf(error) === "away") throw error;
      this.#onError(error);
    }
  }
}
