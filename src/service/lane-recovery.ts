import type { DatabaseFault } from "../storage/database-fault.ts";
import type { BatchItem, Outcome } from "./batch.ts";
import type { Waiting } from "./lane-queue.ts";
import { ServiceError } from "./service-error.ts";

/** Commits items once, or not at all; tells when all is decided and only waits to be written. */
export type Commit = (items: readonly BatchItem[], writing: () => void) => Promise<readonly Outcome[]>;

/** What a lane needs of the database. */
export type LaneDatabase = Readonly<{
  commit: Commit;
  /**
   * Goes on when the batch before, which is under way, is committed, and fails without a try where that one failed.
   * Whoever was postponed there is postponed here. Absent: nobody would be faster for it.
   */
  commitNext?: Commit;
  /** What the error says of the database; undefined where it is the batch's own fault. */
  faultOf: (error: unknown) => DatabaseFault | undefined;
}>;

/** What those who came before met, of items that are tried one at a time. */
type Blocked = { away: unknown; slow: number; readonly locked: Map<string, unknown> };

/** So many commands that are slow alone are not to blame: it is the database that hangs. */
const SLOW_COMMANDS_MAX = 3;
const RETRY_MS_FIRST = 50;
const RETRY_MS_MAX = 2_000;

/** Commits the batches of a lane through what may go wrong. */
export class LaneRecovery {
  readonly #database: LaneDatabase;
  readonly #attemptsMax: number;

  /** A batch is tried so often while the database does not answer. */
  constructor(database: LaneDatabase, attemptsMax: number) {
    this.#database = database;
    this.#attemptsMax = attemptsMax;
  }

  /**
   * A lost connection retries the whole batch, which the request ids make safe
   * (R-REQ-4). A row that stays locked is waited for again only by who waits alone;
   * what took too long would take too long again. `first` is the first try, which is under way.
   */
  async commit(batch: readonly Waiting[], first?: Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await (attempt === 1 && first ? first : this.#database.commit(batch, () => undefined));
      } catch (error) {
        const fault = this.#database.faultOf(error);
        const again = fault === "away" || (fault === "locked" && batch.length === 1);
        if (!again || attempt >= this.#attemptsMax) throw error;
        await backOff(attempt);
      }
    }
  }

  /**
   * One bad command never fails its neighbours: where a batch throws, its items are
   * committed one at a time, and only the culprit fails. Nobody waits twice for a
   * database that is away, or for one organization's row. Returns whose turn is yet to come.
   */
  async isolate(batch: readonly Waiting[]): Promise<readonly Waiting[]> {
    const postponed = new Map<string, Waiting[]>();
    const blocked: Blocked = { away: undefined, slow: 0, locked: new Map() };
    for (const waiting of batch) {
      const { organizationId } = waiting;
      const earlier = postponed.get(organizationId);
      if (earlier !== undefined) earlier.push(waiting);
      else if (!(await this.#commitAlone(waiting, blocked))) postponed.set(organizationId, [waiting]);
    }
    return [...postponed.values()].flat();
  }

  isAway(error: unknown): boolean {
    return this.#database.faultOf(error) === "away";
  }

  /** What a caller is told. */
  failure(error: unknown): unknown {
    return this.#database.faultOf(error) === undefined ? error : unavailable(error);
  }

  /** False where the item's turn is yet to come. */
  async #commitAlone(waiting: Waiting, blocked: Blocked): Promise<boolean> {
    const { organizationId } = waiting;
    const known = blocked.away ?? blocked.locked.get(organizationId);
    if (known !== undefined || waiting.signal?.aborted) {
      // Nothing of the batch was done, so who has left by now can still be dropped.
      waiting.reject(known === undefined ? waiting.signal?.reason : this.failure(known));
      return true;
    }
    try {
      const [outcome] = await this.commit([waiting]);
      return settle(waiting, outcome);
    } catch (error) {
      this.#block(blocked, organizationId, error);
      waiting.reject(this.failure(error));
      return true;
    }
  }

  #block(blocked: Blocked, organizationId: string, error: unknown): void {
    const fault = this.#database.faultOf(error);
    if (fault === "slow") blocked.slow += 1;
    if (fault === "locked") blocked.locked.set(organizationId, error);
    if (fault === "away" || blocked.slow >= SLOW_COMMANDS_MAX) blocked.away = error;
  }
}

/** Answers an item; false where its turn is yet to come. */
export function settle(waiting: Waiting, outcome: Outcome | undefined): boolean {
  if (outcome === undefined) waiting.reject(new Error("a batch without an outcome for each item"));
  else if (outcome.outcome === "postponed") return false;
  else if (outcome.outcome === "failed") waiting.reject(outcome.error);
  else waiting.resolve(outcome);
  return true;
}

async function backOff(attempt: number): Promise<void> {
  const most = Math.min(RETRY_MS_FIRST * 2 ** (attempt - 1), RETRY_MS_MAX);
  await new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)));
}

function unavailable(cause: unknown): ServiceError {
  const options = { retryAfterMs: RETRY_MS_MAX, cause };
  return new ServiceError("DATABASE_UNAVAILABLE", "the database does not answer", options);
}
