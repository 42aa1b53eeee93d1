import type { Alert } from "../domain/alerts/alert.ts";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import { Allowance } from "./allowance.ts";
import { FanOut } from "./fan-out.ts";
import { SharedLoads } from "./shared-loads.ts";
import type { Hint, Listener, Reading, Source } from "./source.ts";
import { StreamEnd } from "./stream-end.ts";
import { type Heartbeats, Topic } from "./topic.ts";
import { Watcher, type WatchOptions } from "./watcher.ts";

export type HubSettings = Readonly<{
  /** How often everything that is watched is compared with the database, whatever hints say. */
  compareMs: number;
  messagesPerSecondMax: number;
  /** A reader that takes nothing for so long is let go. */
  stalledMs: number;
  onError: (error: unknown) => void;
}>;

/**
 * All who heard of the same change are due at once. Heartbeats live on a part of what a second allows, so that a change
 * just after them still reaches everybody immediately.
 */
const HEARTBEAT_SHARE = 0.5;

/** So many organizations are compared by one statement. */
const COMPARE_ORGANIZATIONS = 1_000;

/**
 * Who watches what. It hears at once what this server commits, by hints what others
 * do, and compares everything that is watched every now and then, so that a lost
 * hint costs no more than that time.
 */
export class Hub implements Listener {
  readonly source: Source;
  readonly #settings: HubSettings;
  readonly #fanOut: FanOut;
  readonly #heartbeats: Heartbeats;
  readonly #topics = new Map<string, Topic<WatchedState>>();
  readonly #sequences: Topic<bigint>;
  readonly #newest = new SharedLoads<Reading>();
  readonly #alerts = new SharedLoads<readonly Alert[]>();
  /** What is to be compared next. */
  #doubtful = new Set<string>();
  #comparing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Counted, since each slice of messages asks for them and there may be thousands of topics. */
  #watchers = 0;

  constructor(source: Source, settings: HubSettings) {
    this.source = source;
    this.#settings = settings;
    const perSecond = settings.messagesPerSecondMax;
    this.#fanOut = new FanOut(new Allowance(perSecond, () => Math.max(perSecond, this.#watchers)));
    const beats = perSecond * HEARTBEAT_SHARE;
    const allowance = new Allowance(beats, () => beats * Math.max(1, settings.compareMs / 1_000));
    this.#heartbeats = { allowance, everyMs: settings.compareMs };
    this.#sequences = new Topic(this.#fanOut, (sequence, than) => sequence > than);
  }

  start(): void {
    this.source.listen(this);
    this.#timer = setInterval(() => this.#compareEverything(), this.#settings.compareMs);
  }

  /** Ends all streams; whoever comes later is ended at once by what stops the server. */
  drain(): void {
    this.#endAll(() => true, new StreamEnd("DRAINING"));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.drain();
    await this.#comparing;
  }

  /** How many watch now. */
  get watchers(): number {
    return this.#watchers;
  }

  watch(organizationId: string, options: WatchOptions<WatchedState>): Watcher<WatchedState> {
    const topic = this.#topics.get(organizationId) ?? new Topic(this.#fanOut, isNewer);
    this.#topics.set(organizationId, topic);
    return this.#watcher(topic, options, () => {
      if (topic.watchers.size === 0) this.#topics.delete(organizationId);
    });
  }

  /** Watches the alerts of all organizations. */
  watchAll(options: WatchOptions<bigint>): Watcher<bigint> {
    return this.#watcher(this.#sequences, options);
  }

  #watcher<S>(topic: Topic<S>, options: WatchOptions<S>, onClose?: () => void): Watcher<S> {
    this.#watchers += 1;
    return new Watcher(topic, options, () => {
      this.#watchers -= 1;
      onClose?.();
    });
  }

  /** How an organization is, read after it was asked for. */
  newest(organizationId: string): Promise<Reading> {
    return this.#newest.get(organizationId, async () => {
      const reading = await this.source.newest(organizationId);
      if (reading.state) this.#topics.get(organizationId)?.publish(reading.state);
      return reading;
    });
  }

  /** Alerts that many want at once: all who watch an organization. */
  alertsAfter(organizationId: string, alertNumber: bigint, limit: number): Promise<readonly Alert[]> {
    const key = `${alertNumber} ${organizationId}`;
    return this.#alerts.get(key, () => this.source.alertsAfter(organizationId, alertNumber, limit));
  }

  changed(states: readonly WatchedState[]): void {
    for (const state of states) this.#topics.get(state.account.organizationId)?.publish(state);
  }

  sequenced(sequence: bigint): void {
    this.#sequences.publish(sequence);
  }

  hinted({ organizations, sequence, everything }: Hint): void {
    if (everything) {
      this.#compareEverything();
      return;
    }
    if (sequence !== undefined) this.#sequences.publish(sequence);
    for (const [organizationId, version] of organizations) {
      const topic = this.#topics.get(organizationId);
      const known = topic?.newest?.account.version ?? -1n;
      if (topic && version > known) this.#doubtful.add(organizationId);
    }
    if (this.#doubtful.size > 0) this.#compare();
  }

  #compareEverything(): void {
    this.#endStalled();
    if (this.watchers === 0) return;
    for (const organizationId of this.#topics.keys()) this.#doubtful.add(organizationId);
    this.#compare();
  }

  /** One comparison at a time; what becomes doubtful meanwhile is in the next. */
  #compare(): void {
    this.#comparing ??= this.#compareDoubtful()
      .catch(this.#settings.onError)
      .finally(() => {
        this.#comparing = undefined;
      });
  }

  async #compareDoubtful(): Promise<void> {
    do {
      const organizationIds = [...this.#doubtful].slice(0, COMPARE_ORGANIZATIONS);
      for (const organizationId of organizationIds) this.#doubtful.delete(organizationId);
      const { states, sequence, compareTime } = await this.source.compare(organizationIds);
      const now = performance.now();
      this.changed(states);
      this.#sequences.publish(sequence);
      this.#sequences.compared(compareTime, now, this.#heartbeats);
      for (const id of organizationIds) this.#topics.get(id)?.compared(compareTime, now, this.#heartbeats);
    } while (this.#doubtful.size > 0);
  }

  #endStalled(): void {
    const now = performance.now();
    this.#endAll((watcher) => watcher.isStalled(now, this.#settings.stalledMs), new StreamEnd("STALLED"));
  }

  #endAll(isMeant: (watcher: Watcher<WatchedState> | Watcher<bigint>) => boolean, end: StreamEnd): void {
    for (const { watchers } of [...this.#topics.values(), this.#sequences]) {
      for (const watcher of watchers) if (isMeant(watcher)) watcher.end(end);
    }
  }
}

function isNewer(state: WatchedState, than: WatchedState): boolean {
  return state.account.version > than.account.version;
}
