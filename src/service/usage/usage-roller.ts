import type { WatchedState } from "../../domain/alerts/watched-state.ts";
import type { Orm } from "../../storage/orm.ts";
import { rollUp } from "../../storage/usage/roll-up.ts";
import { type Behind, organizationsBehind } from "../../storage/usage/usage-cursors.ts";

export type RollUpSettings = Readonly<{
  intervalMs: number;
  /** How many transactions one database transaction sums up. */
  transactionsMax: number;
}>;

/** An organization of which something is left, as far as this server has heard. */
type Waiting = Readonly<{ sinceMs: number; from: bigint; version: bigint }>;

/** As soon as so much is left, it is summed up; a query adds so much itself in some milliseconds. */
const TAIL_TRANSACTIONS = 2_000n;
/** What is less waits for so many intervals, so that a thousand organizations which each do little cost little. */
const PATIENCE_INTERVALS = 30;
/** Organizations that are remembered; of others the patrol finds out. */
const WAITING_MAX = 100_000;
/** Accounts that the patrol looks at each time: some milliseconds, by the primary key. */
const PATROL_ACCOUNTS = 500;

/**
 * Sums up usage behind the transactions. Which organizations have changed, the lanes of
 * this server tell after their commits, and queries that met something unsummed; so
 * nothing is written or indexed for it where credits are spent. What a server has heard
 * dies with it. A patrol therefore walks through all accounts, a small page each time,
 * and compares their versions with the cursors. Answers do not depend on any of it.
 */
export class UsageRoller {
  readonly #orm: Orm;
  readonly #settings: RollUpSettings;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Map<string, Waiting>();
  #patrolled = "";
  /** How many are summed up at once, for now. */
  #transactions: number;
  #timer: NodeJS.Timeout | undefined;
  #rolling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(orm: Orm, settings: RollUpSettings, onError: (error: unknown) => void) {
    this.#orm = orm;
    this.#settings = settings;
    this.#transactions = settings.transactionsMax;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#rolling = this.#rollAll()
        .catch(this.#onError)
        .then(() => {
          if (!this.#stopped) this.start();
        });
    }, this.#settings.intervalMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#rolling;
  }

  changed(states: readonly WatchedState[]): void {
    for (const { account } of states) {
      const { organizationId, version } = account;
      // How far it is summed up is not known here; the time that it waits tells the rest.
      this.heard({ organizationId, cursor: version, version });
    }
  }

  /** Its transactions after the cursor are to be summed up. */
  heard({ organizationId, cursor, version }: Behind): void {
    const known = this.#waiting.get(organizationId);
    if (known === undefined && this.#waiting.size >= WAITING_MAX) return;
    const sinceMs = known?.sinceMs ?? performance.now();
    const from = known !== undefined && known.from < cursor ? known.from : cursor;
    this.#waiting.set(organizationId, { sinceMs, from, version });
  }

  async #rollAll(): Promise<void> {
    await this.#patrol();
    for (const organizationId of this.#ripe()) {
      if (this.#stopped) return;
      this.#waiting.delete(organizationId);
      await this.#roll(organizationId);
    }
  }

  #ripe(): readonly string[] {
    const before = performance.now() - PATIENCE_INTERVALS * this.#settings.intervalMs;
    const isRipe = ({ sinceMs, from, version }: Waiting) =>
      sinceMs <= before || version - from >= TAIL_TRANSACTIONS;
    return [...this.#waiting].filter(([, waiting]) => isRipe(waiting)).map(([id]) => id);
  }

  /** Until nothing is left, or another server is at it. */
  async #roll(organizationId: string): Promise<void> {
    try {
      for (let left: bigint | undefined = 1n; left !== undefined && left > 0n && !this.#stopped; ) {
        left = await rollUp(this.#orm, organizationId, this.#transactions);
        this.#transactions = Math.min(2 * this.#transactions, this.#settings.transactionsMax);
      }
    } catch (error) {
      // Where it was too much for the time that a statement has, less will do.
      this.#transactions = Math.max(1, Math.floor(this.#transactions / 4));
      // The others are not to wait for this one; the patrol comes back to it.
      this.#onError(error);
    }
  }

  async #patrol(): Promise<void> {
    const { behind, last } = await organizationsBehind(this.#orm, this.#patrolled, PATROL_ACCOUNTS);
    this.#patrolled = last;
    for (const each of behind) this.heard(each);
  }
}
