export type AdmissionSettings = Readonly<{
  /** Items that may wait, however fast they are worked off. */
  queueCommandsMax: number;
  /** How long a command of a burst may have to wait. */
  queueWaitMsMax: number;
  /** The same for a queue that stands: that is not worked off because as much comes as goes. */
  standingWaitMsMax: number;
}>;

/** What is waiting when a command comes. */
export type Queued = Readonly<{
  /** What a read needs recorded is not refused for its wait: it is one item, however many read. */
  mutates: boolean;
  waiting: number;
  /** How many of them are taken before it. */
  ahead: number;
  /** Calls of which nothing was taken yet. */
  calls: number;
}>;

/** Until it is measured: what a command of a large batch took on two shared cores. */
const COMMAND_MS_FIRST = 0.2;
/** The rest of a batch's time is what it takes at any size, so that small ones say little. */
const MEASURED_COMMANDS_MIN = 64;
const MEASURED_SHARE = 0.25;
/** A queue that was there for so long is no burst. As in CoDel (RFC 8289): longer than a round trip of anything. */
const STANDING_AFTER_MS = 100;
/** After so long without a refusal, a queue does not stand any more. */
const CALM_AFTER_MS = 1_000;
/** A burst of so many is taken however long it takes: about as many as one batch. */
const BURST_COMMANDS_MIN = 256;
/** So many may wait in a queue that stands, too: with fewer in a batch, most of its time would go into what it takes at any size. */
const STANDING_COMMANDS_MIN = 160;
/** Calls that are taken even behind a standing queue: a few large ones must not shut each other out. */
const CALLS_MIN = 16;

/**
 * Decides which commands a lane takes, by how long they would wait. A burst is taken, if it can be worked off in
 * time. A queue that stands makes all wait and nobody faster: then only as many are taken as wait a short time.
 */
export class LaneAdmission {
  readonly #settings: AdmissionSettings;
  #commandMs = COMMAND_MS_FIRST;
  /** Since when batches leave too much behind. */
  #leftSince: number | undefined;
  #standing = false;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  refuses({ mutates, waiting, ahead, calls }: Queued, now: number): boolean {
    const { queueCommandsMax } = this.#settings;
    const calm = this.#leftSince === undefined && now - this.#refusedAt >= CALM_AFTER_MS;
    if (calm) this.#standing = false;
    const tooLong = mutates && calls >= CALLS_MIN && this.#isTooLong(ahead);
    if (waiting < queueCommandsMax && !tooLong) return false;
    this.#refusedAt = now;
    return true;
  }

  /** A batch was taken, and so many were left for later ones. */
  taken(left: number, now: number): void {
    if (!this.#standsWith(left)) {
      this.#leftSince = undefined;
      return;
    }
    this.#leftSince ??= now;
    this.#standing ||= now - this.#leftSince >= STANDING_AFTER_MS;
  }

  /**
   * Whether anybody could be refused with so many waiting, which costs less to tell than who is. It must be true of a
   * burst, too: no batch may be taken for seconds, and so no queue be found to stand, where all time goes into refusals.
   */
  mayRefuse({ waiting, calls }: Pick<Queued, "waiting" | "calls">): boolean {
    const isLong = calls >= CALLS_MIN && waiting >= STANDING_COMMANDS_MIN;
    return isLong || waiting >= this.#settings.queueCommandsMax;
  }

  #isTooLong(ahead: number): boolean {
    if (this.#standing) return this.#standsWith(ahead);
    return ahead >= BURST_COMMANDS_MIN && ahead * this.#commandMs > this.#settings.queueWaitMsMax;
  }

  #standsWith(commands: number): boolean {
    return commands >= STANDING_COMMANDS_MIN && commands * this.#commandMs > this.#settings.standingWaitMsMax;
  }

  /** A batch of so many was committed at the first try. */
  committed(size: number, elapsedMs: number): void {
    const commandMs = elapsedMs / size;
    if (size >= MEASURED_COMMANDS_MIN) this.#commandMs += MEASURED_SHARE * (commandMs - this.#commandMs);
    // A small one may only tell that commands are faster than was thought.
    else this.#commandMs = Math.min(this.#commandMs, commandMs);
  }
}
