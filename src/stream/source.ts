import type { Alert, SequencedAlert } from "../domain/alerts/alert.ts";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import type { Time } from "../domain/time.ts";

/** How things stood in the database at one moment. */
export type Comparison = Readonly<{
  states: readonly WatchedState[];
  /** The place of the last alert of all organizations. */
  sequence: bigint;
  compareTime: Time;
}>;

/** How an organization stood at one moment; no state where it is not open. */
export type Reading = Readonly<{ state: WatchedState | undefined; compareTime: Time }>;

/** What the hub hears without asking. */
export interface Listener {
  changed(states: readonly WatchedState[]): void;
  sequenced(sequence: bigint): void;
  hinted(hint: Hint): void;
}

/** That another server changed something, and how far it is. */
export type Hint = Readonly<{
  organizations: readonly (readonly [organizationId: string, version: bigint])[];
  sequence: bigint | undefined;
  everything: boolean;
}>;

/** Where streams get what they tell. Passed in, so that nothing here knows of a database. */
export interface Source {
  listen(listener: Listener): void;
  databaseId(): Promise<string>;
  /** With what is due recorded. */
  newest(organizationId: string): Promise<Reading>;
  compare(organizationIds: readonly string[]): Promise<Comparison>;
  alertsAfter(organizationId: string, alertNumber: bigint, limit: number): Promise<readonly Alert[]>;
  sequencedAlertsAfter(sequence: bigint, limit: number): Promise<readonly SequencedAlert[]>;
  oldestAlert(organizationId: string): Promise<bigint | undefined>;
  oldestSequence(): Promise<bigint | undefined>;
}
