import type { DatabaseFault } from "../storage/database-fault.ts";
import type { BatchItem, Outcome } from "./batch.ts";
import { type AdmissionSettings, LaneAdmission, type Queued } from "./lane-admission.ts";
import { LaneQueue, type Waiting } from "./lane-queue.ts";
import { ServiceError } from "./service-error.ts";
import { nextTurn } from "./turn.ts";

export type LaneSettings = AdmissionSettings &
  Readonly<{
    /** Items that one batch takes at the most. */
    batchCommandsMax: number;
    /** How often a batch is tried while the database does not answer. */
    retryAttemptsMax: number;
    scope: "many" | "one";
  }>;

/** Hears how long commands wait, the first one waiting of an organization or a later one, and batches take. */
export type LaneTelemetry = Readonly<{
  commandTaken: (turn: "first" | "later", waitMs: number) => void;
  batchEnded: (elapsedMs: number) => void;
}>;

/** How lanes stand, for those who refuse calls before the lanes have to: whether one may refuse any, and whom it does now. */
export type LaneGauge = Readonly<{ mayRefuse: () => boolean; refuses: (organizationId: string) => boolean }>;

/** What a lane needs of the database. */
export type LaneDatabase = Readonly<{
  commit: (items: readonly BatchItem[]) => Promise<readonly Outcome[]>;
  /** What the error says of the database; undefined where it is the batch's own fault. */
  faultOf: (error: unknown) => DatabaseFault | undefined;
}>;

/** What those who came before met, of items that are tried one at a time. */
type Blocked = { away: unknown; slow: number; readonly locked: Map<string, unknown> };

/**
 * A batch should take about so long, so that nobody waits long behind one and locks are short; but not fewer commands
 * than make up for what a batch costs at any size, 2 ms of CPU here and 2 ms in PostgreSQL. Measured with 256 callers
 * of one organization: at 64 commands 0.85 times the calls of 128, and no more at 256, when all callers wait for one batch.
 */
const BATCH_MS_AIM = 30;
const BATCH_COMMANDS_MIN = 128;
/** So many commands that are slow alone are not to blame: it is the database that hangs. */
const SLOW_COMMANDS_MAX = 3;
const RETRY_MS_FIRST = 50;
const RETRY_MS_MAX = 2_000;
const OVERLOADED_RETRY_MS = 200;
/** Looking for those who have left costs a look at all who wait, so that it is done no more often. */
const LEFT_LOOK_MS = 50;

/** Made once: who is refused is one of many, and to make an error, with its stack, is a good part of what it costs. */
const OVERLOADED = new ServiceError("OVERLOADED", "more commands are waiting than can be done in time", {
  retryAfterMs: OVERLOADED_RETRY_MS,
});
const DRAINING_RETRY_MS = 1_000;

/**
 * A queue of commands for the organizations that hash to it. While one batch is
 * being committed, others gather; then all of them go into the next. Organizations
 * take turns; the commands of one keep their order.
 */
export class Lane {
  readonly #database: LaneDatabase;
  readonly #settings: LaneSettings;
  readonly #telemetry: LaneTelemetry | undefined;
  readonly #queue = new LaneQueue();
  readonly #admission: LaneAdmission;
  /** Of the call that was taken last, whose other commands are taken too. */
  #lastSignal: AbortSignal | undefined;
  #refusedSignal: AbortSignal | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #batchSize: number;
  #running: Promise<void> | undefined;
  #answering = Promise.resolve();
  #draining = false;

  constructor(database: LaneDatabase, settings: LaneSettings, telemetry?: LaneTelemetry) {
    this.#database = database;
    this.#settings = settings;
    this.#telemetry = telemetry;
    this.#admission = new LaneAdmission(settings);
    this.#batchSize = settings.batchCommandsMax;
  }

  /** Resolves once the item's batch is committed. The signal drops it while it waits for its turn. */
  submit(item: BatchItem, signal?: AbortSignal): Promise<Outcome> {
    if (this.#draining) return Promise.reject(draining());
    const since = performance.now();
    const leads = signal === undefined || signal !== this.#lastSignal;
    // Of a call that was refused, nothing more is taken: its operations keep their order.
    const isRefused = signal !== undefined && signal === this.#refusedSignal;
    const mutates = item.request !== undefined;
    if (isRefused || (leads && this.#refuses(item.organizationId, mutates, since))) {
      this.#refusedSignal = signal;
      return Promise.reject(OVERLOADED);
    }
    this.#lastSignal = signal;
    const first = this.#queue.sizeOf(item.organizationId) === 0;
    return new Promise((resolve, reject) => {
      this.#queue.add({ ...item, signal, resolve, reject, since, first, leads });
      this.#running ??= this.#run();
    });
  }

  /** Whether so many wait that it may refuse calls. */
  get mayRefuse(): boolean {
    return this.#admission.mayRefuse({ waiting: this.#queue.size, calls: this.#queue.calls });
  }

  /** Whether a call that changes something of an organization is refused now. One that stops tells its callers so. */
  refuses(organizationId: string): boolean {
    return !this.#draining && this.#refuses(organizationId, true, performance.now());
  }

  /** Takes no more items; resolves when those that wait are done. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
    await this.#answering;
  }

  async #run(): Promise<void> {
    // Commands that arrive in one turn of the event loop share a batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.size > 0) {
      const batch = this.#take();
      if (batch.length > 0) await this.#commit(batch);
    }
    this.#running = undefined;
  }

  /** Those who have left are counted out before anybody is refused; a call with many commands is looked at once. */
  #refuses(organizationId: string, mutates: boolean, now: number): boolean {
    const queue = this.#queue;
    const queued = (): Queued => {
      return { mutates, waiting: queue.size, ahead: queue.ahead(organizationId), calls: queue.calls };
    };
    if (!this.#admission.refuses(queued(), now)) return false;
    if (now - this.#lookedAt < LEFT_LOOK_MS) return true;
    this.#lookedAt = now;
    queue.dropLeft();
    return this.#admission.refuses(queued(), now);
  }

  #take(): readonly Waiting[] {
    const organizations = this.#settings.scope === "one" ? 1 : this.#batchSize;
    const batch = this.#queue.take(this.#batchSize, organizations);
    const now = performance.now();
    this.#admission.taken(this.#queue.size, now);
    for (const { first, since } of batch)
      this.#telemetry?.commandTaken(first ? "first" : "later", now - since);
    return batch;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const begin = performance.now();
    try {
      const outcomes = await this.#commitWithRetry(batch);
      this.#queue.putBack(batch.filter((_, index) => outcomes[index]?.outcome === "postponed"));
      // At most one batch is unanswered, so that nobody waits where the queue does not show it.
      await this.#answering;
      this.#answering = answer(batch, outcomes);
    } catch (error) {
      const fault = this.#database.faultOf(error);
      const away = fault === "away";
      // What was committed is not tried again, whatever is missing of it.
      if (batch.length > 1 && !away && fault !== "committed") await this.#isolate(batch);
      else for (const waiting of batch) waiting.reject(this.#failure(error));
      // Who still waits when a server stops whose database is away would each wait for all tries.
      if (away && this.#draining) this.#queue.rejectAll(this.#failure(error));
    }
    const elapsedMs = performance.now() - begin;
    this.#adapt(batch.length, elapsedMs);
    this.#telemetry?.batchEnded(elapsedMs);
  }

  /**
   * One bad command never fails its neighbours: where a batch throws, its items are
   * committed one at a time, and only the culprit fails. Nobody waits twice for a
   * database that is away, or for one organization's row.
   */
  async #isolate(batch: readonly Waiting[]): Promise<void> {
    const postponed = new Map<string, Waiting[]>();
    const blocked: Blocked = { away: undefined, slow: 0, locked: new Map() };
    for (const waiting of batch) {
      const { organizationId } = waiting;
      const earlier = postponed.get(organizationId);
      if (earlier !== undefined) earlier.push(waiting);
      else if (!(await this.#commitAlone(waiting, blocked))) postponed.set(organizationId, [waiting]);
    }
    this.#queue.putBack([...postponed.values()].flat());
  }

  /** False where the item's turn is yet to come. */
  async #commitAlone(waiting: Waiting, blocked: Blocked): Promise<boolean> {
    const { organizationId } = waiting;
    const known = blocked.away ?? blocked.locked.get(organizationId);
    if (known !== undefined || waiting.signal?.aborted) {
      // Nothing of the batch was done, so who has left by now can still be dropped.
      waiting.reject(known === undefined ? waiting.signal?.reason : this.#failure(known));
      return true;
    }
    try {
      const [outcome] = await this.#commitWithRetry([waiting]);
      return settle(waiting, outcome);
    } catch (error) {
      this.#block(blocked, organizationId, error);
      waiting.reject(this.#failure(error));
      return true;
    }
  }

  #block(blocked: Blocked, organizationId: string, error: unknown): void {
    const fault = this.#database.faultOf(error);
    if (fault === "slow") blocked.slow += 1;
    if (fault === "locked") blocked.locked.set(organizationId, error);
    if (fault === "away" || blocked.slow >= SLOW_COMMANDS_MAX) blocked.away = error;
  }

  /**
   * A lost connection retries the whole batch, which the request ids make safe
   * (R-REQ-4). A row that stays locked is waited for again only by who waits alone;
   * what took too long would take too long again.
   */
  async #commitWithRetry(batch: readonly Waiting[]): Promise<readonly Outcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      const begin = performance.now();
      try {
        const outcomes = await this.#database.commit(batch);
        this.#admission.committed(batch.length, performance.now() - begin);
        return outcomes;
      } catch (error) {
        const fault = this.#database.faultOf(error);
        const again = fault === "away" || (fault === "locked" && batch.length === 1);
        if (!again || attempt >= this.#settings.retryAttemptsMax) throw error;
        await backOff(attempt);
      }
    }
  }

  #failure(error: unknown): unknown {
    const fault = this.#database.faultOf(error);
    return fault === undefined || fault === "committed" ? error : unavailable(error);
  }

  #adapt(size: number, elapsedMs: number): void {
    const fitting = Math.floor((size * BATCH_MS_AIM) / Math.max(elapsedMs, 0.1));
    const bounded = Math.min(Math.max(fitting, BATCH_COMMANDS_MIN), this.#settings.batchCommandsMax);
    // Small batches say little about large ones, so they may only make room.
    if (elapsedMs > BATCH_MS_AIM || bounded > this.#batchSize) this.#batchSize = bounded;
  }
}

/** Answers a batch a few items a turn: to make and send an answer costs more than to decide it. */
async function answer(batch: readonly Waiting[], outcomes: readonly Outcome[]): Promise<void> {
  let atOnce = 0;
  for (const [index, waiting] of batch.entries()) {
    if (atOnce === 0) atOnce = await nextTurn();
    atOnce -= 1;
    settle(waiting, outcomes[index]);
  }
}

/** Answers an item; false where its turn is yet to come. */
function settle(waiting: Waiting, outcome: Outcome | undefined): boolean {
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

function draining(): ServiceError {
  return new ServiceError("DRAINING", "this server is about to stop", { retryAfterMs: DRAINING_RETRY_MS });
}

function unavailable(cause: unknown): ServiceError {
  const options = { retryAfterMs: RETRY_MS_MAX, cause };
  return new ServiceError("DATABASE_UNAVAILABLE", "the database does not answer", options);
}
