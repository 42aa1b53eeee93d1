import type { Alert, SequencedAlert } from "../../src/domain/alerts/alert.ts";
import type { WatchedState } from "../../src/domain/alerts/watched-state.ts";
import { newAccount } from "../../src/domain/ledger/account.ts";
import type { Watching } from "../../src/rpc/watching.ts";
import type { AlertBook } from "../../src/service/alert-book.ts";
import { Hub, type HubSettings } from "../../src/stream/hub.ts";
import type { Comparison, Listener, Reading, Source } from "../../src/stream/source.ts";
import { StreamLimit } from "../../src/stream/stream-limit.ts";

/** A database in memory, for tests of those who watch it. A commit tells nobody unless it is told to. */
export class MemorySource implements Source {
  listener: Listener | undefined;
  /** Held back loads wait for this. */
  gate: Promise<void> = Promise.resolve();
  /** How often it was asked anything. */
  loads = 0;
  fault: Error | undefined;
  readonly alerts: Alert[] = [];
  readonly #states = new Map<string, WatchedState>();

  listen(listener: Listener): void {
    this.listener = listener;
  }

  /** One change more; gives the state after it. */
  commit(organizationId: string, tell = true): WatchedState {
    const before = this.#states.get(organizationId) ?? {
      account: newAccount(organizationId),
      alertNumber: 0n,
    };
    return this.#put(
      { ...before, account: { ...before.account, version: before.account.version + 1n } },
      tell,
    );
  }

  /** One change that makes an alert. */
  alert(organizationId: string, tell = true): WatchedState {
    const { account, alertNumber } = this.commit(organizationId, false);
    const state = { account, alertNumber: alertNumber + 1n };
    this.alerts.push({
      organizationId,
      alertNumber: state.alertNumber,
      kind: "LOW",
      threshold: { name: "low", level: { amountMicros: 1n }, rearmMargin: { amountMicros: 0n } },
      levelMicros: 1n,
      remainingMicros: 0n,
      version: account.version,
      effectiveTime: 0n,
      recordTime: 0n,
    });
    this.#put(state, tell);
    if (tell) this.listener?.sequenced(BigInt(this.alerts.length));
    return state;
  }

  /** What is older than so many alerts is no longer kept. */
  keepLast(count: number): void {
    this.alerts.fill(undefined as never, 0, Math.max(this.alerts.length - count, 0));
  }

  databaseId(): Promise<string> {
    return Promise.resolve("database");
  }

  async newest(organizationId: string): Promise<Reading> {
    // Read first, told later: what is committed in between is not in it.
    const state = this.#states.get(organizationId);
    await this.#load();
    return { state, compareTime: 1n };
  }

  async compare(organizationIds: readonly string[]): Promise<Comparison> {
    await this.#load();
    const states = organizationIds.flatMap((id) => this.#states.get(id) ?? []);
    return { states, sequence: BigInt(this.alerts.length), compareTime: 1n };
  }

  async alertsAfter(organizationId: string, alertNumber: bigint, limit: number): Promise<readonly Alert[]> {
    await this.#load();
    return this.#kept(organizationId)
      .filter((alert) => alert.alertNumber > alertNumber)
      .slice(0, limit);
  }

  async sequencedAlertsAfter(sequence: bigint, limit: number): Promise<readonly SequencedAlert[]> {
    await this.#load();
    return this.alerts
      .map((alert, index) => ({ alert, sequence: BigInt(index + 1) }))
      .filter((placed) => placed.alert !== undefined && placed.sequence > sequence)
      .slice(0, limit);
  }

  async oldestAlert(organizationId: string): Promise<bigint | undefined> {
    await this.#load();
    return this.#kept(organizationId)[0]?.alertNumber;
  }

  async oldestSequence(): Promise<bigint | undefined> {
    return (await this.sequencedAlertsAfter(0n, 1))[0]?.sequence;
  }

  #kept(organizationId: string): readonly Alert[] {
    return this.alerts.filter((alert) => alert?.organizationId === organizationId);
  }

  #put(state: WatchedState, tell: boolean): WatchedState {
    this.#states.set(state.account.organizationId, state);
    if (tell) this.listener?.changed([state]);
    return state;
  }

  async #load(): Promise<void> {
    this.loads += 1;
    await this.gate;
    if (this.fault) throw this.fault;
  }
}

export const QUICK_HUB: HubSettings = {
  compareMs: 20,
  messagesPerSecondMax: 10_000,
  stalledMs: 60_000,
  onError: () => undefined,
};

/** Streams over a source in memory. No alerts can be read beside them. */
export function memoryWatching(source = new MemorySource()): Watching {
  const nothing = () => Promise.reject(new Error("no answer was scripted"));
  const alerts: AlertBook = { getThresholds: nothing, listAlerts: nothing };
  const streams = new StreamLimit({ streamsMax: 100, streamsPerConnectionMax: 10 });
  return { alerts, hub: new Hub(source, QUICK_HUB), streams };
}
