import { deleteOldAlerts, hasUnsequencedAlerts, sequenceAlerts } from "../storage/alert-sequencer.ts";
import type { Orm } from "../storage/orm.ts";

/** How soon a server takes over from one that died between an alert's commit and its place. */
const LOOK_MS = 1_000;
/** Alerts that are too old are deleted this often, so many at a time. */
const DELETE_MS = 60_000;
const DELETE_BATCH = 1_000;

type UpkeepParts = Readonly<{
  orm: Orm;
  keptMs: number;
  onSequenced: (sequence: bigint) => void;
  onError: (error: unknown) => void;
}>;

/**
 * Gives alerts their places in the sequence of all organizations, at once where this
 * server committed them, and deletes those that are old. Every server does, in turns.
 */
export class AlertUpkeep {
  readonly #parts: UpkeepParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #deletedAt = 0;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.#run(false), LOOK_MS);
  }

  /** Alerts were committed here. */
  nudge(): void {
    this.#run(true);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  /** One at a time; what comes meanwhile is seen by one more. */
  #run(nudged: boolean): void {
    if (this.#timer === undefined) return;
    if (this.#running) {
      this.#again ||= nudged;
      return;
    }
    this.#running = this.#work(nudged)
      .catch(this.#parts.onError)
      .then(() => {
        this.#running = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#run(true);
      });
  }

  async #work(nudged: boolean): Promise<void> {
    const { orm, keptMs, onSequenced } = this.#parts;
    if (nudged || (await hasUnsequencedAlerts(orm))) {
      for (;;) {
        const sequence = await sequenceAlerts(orm);
        if (sequence === undefined) break;
        onSequenced(sequence);
      }
    }
    if (performance.now() - this.#deletedAt < DELETE_MS) return;
    this.#deletedAt = performance.now();
    while ((await deleteOldAlerts(orm, keptMs, DELETE_BATCH)) === DELETE_BATCH);
  }
}
