import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { Lanes } from "./lanes.ts";

export type SweeperSettings = Readonly<{ intervalMs: number; organizationsMax: number }>;

/**
 * Records what is due of organizations that nobody touches, so that holds and
 * grants end on time for whoever watches. Reads and writes do not depend on it.
 * Any number of servers may sweep: the second one finds nothing due.
 */
export class Sweeper {
  readonly #reader: LedgerReader;
  readonly #lanes: Lanes;
  readonly #settings: SweeperSettings;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    reader: LedgerReader,
    lanes: Lanes,
    settings: SweeperSettings,
    onError: (error: unknown) => void,
  ) {
    this.#reader = reader;
    this.#lanes = lanes;
    this.#settings = settings;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweepAll()
        .catch(this.#onError)
        .then(() => this.#again());
    }, this.#settings.intervalMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
  }

  #again(): void {
    if (!this.#stopped) this.start();
  }

  /** In bounded batches, until nothing is due; where some can't be ended, the next sweep tries again. */
  async #sweepAll(): Promise<void> {
    const { organizationsMax } = this.#settings;
    for (let more = true; more && !this.#stopped; ) {
      const organizations = await this.#reader.dueOrganizations(organizationsMax);
      const ends = await Promise.allSettled(
        organizations.map((organizationId) => this.#lanes.submit({ organizationId, request: undefined })),
      );
      const failures = ends.filter((end) => end.status === "rejected");
      for (const { reason } of failures) this.#onError(reason);
      more = organizations.length === organizationsMax && failures.length === 0;
    }
  }
}
