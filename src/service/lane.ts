import type { BatchItem, Outcome } from "./batch.ts";
import { type AdmissionSettings, LaneAdmission, type Queued } from "./lane-admission.ts";
import { LaneQueue, type Waiting } from "./lane-queue.ts";
import { type Commit, type LaneDatabase, LaneRecovery, settle } from "./lane-recovery.ts";
import { ServiceError } from "./service-error.ts";

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

/** A batch that is being committed, or is the next to be. */
type Underway = {
  readonly batch: readonly Waiting[];
  readonly outcomes: Promise<readonly Outcome[]>;
  readonly begin: number;
  /** Whether it is decided and only waits to be written. */
  writing: boolean;
};

/**
 * A batch should take about so long, so that nobody waits long behind one and locks are short; but not fewer commands
 * than make up for what a batch costs at any size, 2 ms of CPU here and 2 ms in PostgreSQL. Measured with 256 callers
 * of one organization: at 64 commands 0.85 times the calls of 128, and no more at 256, when all callers wait for one batch.
 */
const BATCH_MS_AIM = 30;
const BATCH_COMMANDS_MIN = 128;
const ANSWERS_AT_ONCE = 16;
/** With fewer, it is better to wait for more. */
const NEXT_COMMANDS_MIN = 64;
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
  readonly #recovery: LaneRecovery;
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
  /** The batch after which another one may be begun. */
  #current: Underway | undefined;
  #next: Underway | undefined;
  /** Postponed by a batch whose next one is under way, so that it can't be put back yet. */
  #postponed: Waiting[] = [];
  #endedAt = Number.NEGATIVE_INFINITY;
  #answering = Promise.resolve();
  #draining = false;

  constructor(database: LaneDatabase, settings: LaneSettings, telemetry?: LaneTelemetry) {
    this.#database = database;
    this.#recovery = new LaneRecovery(database, settings.retryAttemptsMax);
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
    return this.#admission.mayRefuse({
      waiting: this.#nextSize + this.#queue.size,
      calls: this.#queue.calls,
    });
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
    for (;;) {
      const current = this.#next ?? this.#begin((...batch) => this.#database.commit(...batch));
      this.#next = undefined;
      if (!current) break;
      this.#current = current;
      this.#beginNext();
      this.#tellWaits(current.batch);
      await this.#finish(current);
    }
    this.#running = undefined;
  }

  /**
   * Has the next batch at hand when this one is committed: not before this one is being written, so that whoever
   * comes now waits for the rest of it and no more.
   */
  #beginNext(): void {
    const { commitNext } = this.#database;
    if (!commitNext || !this.#current?.writing || this.#next || this.#postponed.length > 0) return;
    if (this.#queue.size >= NEXT_COMMANDS_MIN) this.#next = this.#begin(commitNext);
  }

  /** Undefined where nobody waits. */
  #begin(commit: Commit): Underway | undefined {
    let batch: readonly Waiting[] = [];
    while (this.#queue.size > 0 && batch.length === 0) batch = this.#take();
    if (batch.length === 0) return undefined;
    const outcomes = commit(batch, () => {
      underway.writing = true;
      this.#beginNext();
    });
    const underway: Underway = { batch, outcomes, begin: performance.now(), writing: false };
    // It is waited for later.
    outcomes.catch(() => undefined);
    return underway;
  }

  get #nextSize(): number {
    return this.#next?.batch.length ?? 0;
  }

  /** Those who have left are counted out before anybody is refused; a call with many commands is looked at once. */
  #refuses(organizationId: string, mutates: boolean, now: number): boolean {
    const queue = this.#queue;
    const queued = (): Queued => {
      const next = this.#nextSize;
      const ahead = next + queue.ahead(organizationId);
      return { mutates, waiting: next + queue.size, ahead, calls: queue.calls };
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
    this.#admission.taken(this.#queue.size, performance.now());
    return batch;
  }

  #tellWaits(batch: readonly Waiting[]): void {
    const now = performance.now();
    for (const { first, since } of batch)
      this.#telemetry?.commandTaken(first ? "first" : "later", now - since);
  }

  async #finish({ batch, outcomes: first, begin }: Underway): Promise<void> {
    const since = Math.max(begin, this.#endedAt);
    const committed = (): void => this.#admission.committed(batch.length, performance.now() - since);
    first.then(committed, () => this.#withdrawNext());
    try {
      const outcomes = await (this.#postponed.length > 0 ? first : this.#recovery.commit(batch, first));
      this.#endedAt = performance.now();
      this.#postpone(batch.filter((_, index) => outcomes[index]?.outcome === "postponed"));
      // At most one batch is unanswered, so that nobody waits where the queue does not show it.
      await this.#answering;
      this.#answering = answer(batch, outcomes);
    } catch (error) {
      await this.#fail(batch, error);
      this.#endedAt = performance.now();
    }
    const elapsedMs = this.#endedAt - since;
    this.#adapt(batch.length, elapsedMs);
    this.#telemetry?.batchEnded(elapsedMs);
  }

  /** What follows a batch that failed is not tried before that one is done. */
  #withdrawNext(): void {
    this.#current = undefined;
    if (this.#next) this.#queue.putBack(this.#next.batch);
    this.#next = undefined;
  }

  /** Items go back in their order, so that those of a batch that is under way are waited for. */
  #postpone(items: readonly Waiting[]): void {
    this.#postponed.push(...items);
    if (this.#next) return;
    this.#queue.putBack(this.#postponed);
    this.#postponed = [];
  }

  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (this.#postponed.length > 0) {
      // Those come first, so that none of these is tried by itself.
      this.#postpone(batch);
      return;
    }
    const away = this.#recovery.isAway(error);
    if (batch.length > 1 && !away) this.#postpone(await this.#recovery.isolate(batch));
    else for (const waiting of batch) waiting.reject(this.#recovery.failure(error));
    // Who still waits when a server stops whose database is away would each wait for all tries.
    if (away && this.#draining) this.#queue.rejectAll(this.#recovery.failure(error));
  }

  #adapt(size: number, elapsedMs: number): void {
    const fitting = Math.floor((size * BATCH_MS_AIM) / Math.max(elapsedMs, 0.1));
    const bounded = Math.min(Math.max(fitting, BATCH_COMMANDS_MIN), this.#settings.batchCommandsMax);
    // Small batches say little about large ones, so they may only make room.
    if (elapsedMs > BATCH_MS_AIM || bounded > this.#batchSize) this.#batchSize = bounded;
  }
}

/**
 * Answers a batch a few items at a time: to make and send an answer costs more than to decide it, and the next batch,
 * whose look-ups come back meanwhile, would wait for all of them while the database has nothing to do.
 */
async function answer(batch: readonly Waiting[], outcomes: readonly Outcome[]): Promise<void> {
  for (const [index, waiting] of batch.entries()) {
    if (index % ANSWERS_AT_ONCE === 0 && index > 0) await new Promise((resolve) => setImmediate(resolve));
    settle(waiting, outcomes[index]);
  }
}

function draining(): ServiceError {
  return new ServiceError("DRAINING", "this server is about to stop", { retryAfterMs: DRAINING_RETRY_MS });
}
