import type { DoorAddresses } from "../rpc/doors.ts";
import { RunningParts } from "./running-parts.ts";
import type { ReadyDatabase } from "./start-database.ts";
import { explained, StartError } from "./start-error.ts";

export type ServerInfo = DoorAddresses & ReadyDatabase;

export type Server = Readonly<{
  /** Throws a StartError for what a person can mend; nothing is left running then. */
  start(): Promise<ServerInfo>;
  /**
   * Refuses new calls, lets those in flight end, and ends everything. May be called at any time, and again; a start
   * that is under way is given up, and fails with a StartError.
   */
  stop(): Promise<void>;
}>;

/** What a start leaves behind to be stopped, and hears that it is given up. */
export type StartParts = Readonly<{ parts: RunningParts; signal: AbortSignal }>;

/** A server that starts once and stops once, in the order in which its parts stand on each other. */
export function serverLife(begin: (to: StartParts) => Promise<ServerInfo>, stopped: () => void): Server {
  const parts = new RunningParts();
  const givenUp = new AbortController();
  let starting: Promise<ServerInfo> | undefined;
  let stopping: Promise<void> | undefined;
  const start = async (): Promise<ServerInfo> => {
    try {
      return await begin({ parts, signal: givenUp.signal });
    } catch (error) {
      await parts.stopAll();
      throw explained(error);
    }
  };
  const stop = async (): Promise<void> => {
    givenUp.abort(new StartError("stopped while it started"));
    await starting?.catch(() => undefined);
    await parts.stopAll();
    stopped();
  };
  return {
    start: () => {
      starting ??= start();
      return starting;
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
