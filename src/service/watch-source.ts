import type { Alert, SequencedAlert } from "../domain/alerts/alert.ts";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import { laterOf, type Time } from "../domain/time.ts";
import type { AlertReader } from "../storage/alert-reader.ts";
import type { ChangeHint } from "../storage/change-hint.ts";
import type { Comparison, WatchReader } from "../storage/watch-reader.ts";
import { guarded } from "./guarded.ts";
import type { Lanes } from "./lanes.ts";

/** What a source tells those who watch, without being asked. */
export interface WatchListener {
  /** This server changed them, and this is how they are now. */
  changed(states: readonly WatchedState[]): void;
  /** Alerts of all organizations were numbered, up to this place. */
  sequenced(sequence: bigint): void;
  /** Another server changed something. */
  hinted(hint: ChangeHint): void;
}

type Readers = Readonly<{ watch: WatchReader; alerts: AlertReader }>;

/** Where those who watch get what they tell: from this server as it commits, and from the database. */
export class WatchSource {
  readonly #readers: Readers;
  readonly #lanes: Lanes;
  #databaseId: string | undefined;
  #listener: WatchListener | undefined;

  constructor(readers: Readers, lanes: Lanes) {
    this.#readers = readers;
    this.#lanes = lanes;
  }

  /** There is one listener, which has many. */
  listen(listener: WatchListener): void {
    this.#listener = listener;
  }

  changed(states: readonly WatchedState[]): void {
    this.#listener?.changed(states);
  }

  sequenced(sequence: bigint): void {
    this.#listener?.sequenced(sequence);
  }

  hinted(hint: ChangeHint): void {
    this.#listener?.hinted(hint);
  }

  async databaseId(): Promise<string> {
    this.#databaseId ??= await guarded(() => this.#readers.watch.databaseId());
    return this.#databaseId;
  }

  /** How an organization is, with what is due recorded (R-BAL-4); no state before it is open. */
  newest(organizationId: string): Promise<Readonly<{ state: WatchedState | undefined; compareTime: Time }>> {
    return guarded(async () => {
      let { states, compareTime } = await this.#readers.watch.compare([organizationId]);
      const { nextDueTime: due, updateTime = 0n } = states[0]?.account ?? {};
      if (due !== undefined && due <= laterOf(compareTime, updateTime)) {
        await this.#lanes.submit({ organizationId, request: undefined });
        ({ states, compareTime } = await this.#readers.watch.compare([organizationId]));
      }
      return { state: states[0], compareTime };
    });
  }

  /** How organizations are, as it is stored: what is due, the sweepers see to. */
  compare(organizationIds: readonly string[]): Promise<Comparison> {
    return guarded(() => this.#readers.watch.compare(organizationIds));
  }

  alertsAfter(organizationId: string, alertNumber: bigint, limit: number): Promise<readonly Alert[]> {
    return guarded(() => this.#readers.alerts.after(organizationId, alertNumber, limit));
  }

  sequencedAlertsAfter(sequence: bigint, limit: number): Promise<readonly SequencedAlert[]> {
    return guarded(() => this.#readers.alerts.sequencedAfter(sequence, limit));
  }

  oldestAlert(organizationId: string): Promise<bigint | undefined> {
    return guarded(() => this.#readers.alerts.oldest(organizationId));
  }

  oldestSequence(): Promise<bigint | undefined> {
    return guarded(() => this.#readers.alerts.oldestSequence());
  }
}
