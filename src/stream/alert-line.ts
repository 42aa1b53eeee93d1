import type { Alert } from "../domain/alerts/alert.ts";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import type { Hub } from "./hub.ts";
import { NotOpenError } from "./stream-end.ts";
import type { Quiet } from "./topic.ts";
import type { WatchOptions } from "./watcher.ts";

/** So many are read at a time; a reader that is slow holds no more. */
const PAGE = 100;

type PlacedAlert = Readonly<{ alert: Alert; place: bigint }>;

/** Alerts in a line: those of one organization by their number, or those of all by their place among all. */
export type AlertLine = Readonly<{
  /** The place of the last one, read after it was asked for. */
  newest: () => Promise<bigint>;
  /** The place of the oldest that is kept. */
  oldest: () => Promise<bigint | undefined>;
  after: (place: bigint) => Promise<readonly PlacedAlert[]>;
  /** How far the line is, once there is more than the reader was told; or that there is not. */
  next: () => Promise<Readonly<{ kind: "news"; newest: bigint }> | Quiet>;
  close: () => void;
}>;

export type AlertLineOptions = Readonly<{
  /** How far the reader was told. */
  place: () => bigint;
  heartbeatMs: number;
  signal: AbortSignal;
}>;

/** An empty organization stands for all of them. */
export function alertLine(hub: Hub, organizationId: string, options: AlertLineOptions): AlertLine {
  const { place, heartbeatMs, signal } = options;
  if (organizationId === "") {
    return lineOfAll(hub, { isNews: (sequence) => sequence > place(), heartbeatMs, signal });
  }
  const isNews = ({ alertNumber }: WatchedState) => alertNumber > place();
  return lineOfOne(hub, organizationId, { isNews, heartbeatMs, signal });
}

function lineOfAll(hub: Hub, options: WatchOptions<bigint>): AlertLine {
  const watcher = hub.watchAll(options);
  return {
    newest: async () => (await hub.source.compare([])).sequence,
    oldest: () => hub.source.oldestSequence(),
    after: async (place) => {
      const alerts = await hub.source.sequencedAlertsAfter(place, PAGE);
      return alerts.map(({ alert, sequence }) => ({ alert, place: sequence }));
    },
    next: async () => {
      const wake = await watcher.next();
      return wake.kind === "quiet" ? wake : { kind: "news", newest: wake.state };
    },
    close: () => watcher.close(),
  };
}

function lineOfOne(hub: Hub, organizationId: string, options: WatchOptions<WatchedState>): AlertLine {
  const watcher = hub.watch(organizationId, options);
  return {
    newest: async () => {
      const { state } = await hub.newest(organizationId);
      if (state === undefined) throw new NotOpenError(organizationId);
      return state.alertNumber;
    },
    oldest: () => hub.source.oldestAlert(organizationId),
    after: async (place) => {
      const alerts = await hub.alertsAfter(organizationId, place, PAGE);
      return alerts.map((alert) => ({ alert, place: alert.alertNumber }));
    },
    next: async () => {
      const wake = await watcher.next();
      return wake.kind === "quiet" ? wake : { kind: "news", newest: wake.state.alertNumber };
    },
    close: () => watcher.close(),
  };
}
