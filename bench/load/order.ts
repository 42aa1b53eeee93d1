/** What a load process is to do. */
export type LoadOrder = Readonly<{
  address: string;
  calls:
    | Readonly<{ kind: "health" }>
    /** ReserveCredits and SettleReservation in turn. Request ids are UUIDs of version 7, unless they are to be random. */
    | Readonly<{ kind: "spend"; organizationIds: readonly string[]; requestIds?: "v4" | "v7" }>
    /** ApplyBatch: settles what the batch before reserved, and reserves as much. */
    | Readonly<{ kind: "batch"; organizationId: string; operations: number }>;
  /** So many call at the same time, each when its last call is answered. */
  inFlight: number;
  /** Instead: so many calls begin in a second, whatever has been answered; of `spend` only. */
  perSecond?: number;
  /** What begins in so long a time is not counted: until the server has adapted to the load. */
  settleMs?: number;
  durationMs: number;
  /** Ends it earlier. */
  callsMax?: number;
}>;

/**
 * What came of it. Every call was answered without an error; of a batch, each operation counts. Where calls begin at
 * a rate, those are counted apart that were refused because the server had too much to do.
 */
export type LoadOutcome = Readonly<{
  calls: number;
  /** All that were accepted, those before `settleMs` too, which `calls` leaves out. CPU of the whole run is by these. */
  callsInAll?: number;
  refused?: number;
  elapsedMs: number;
  medianMs: number;
  p99Ms: number;
}>;

/** A kind of load once it is connected. */
export type Load = Readonly<{ run: () => Promise<LoadOutcome>; close: () => void }>;

/** With the CPU of the load process itself, to show that it was not what was measured. */
export type LoadReport = LoadOutcome & Readonly<{ cpuMs: number }>;

export type LoadMessage =
  | Readonly<{ kind: "ready" }>
  | Readonly<{ kind: "done"; report: LoadReport }>
  | Readonly<{ kind: "failed"; reason: string }>;
