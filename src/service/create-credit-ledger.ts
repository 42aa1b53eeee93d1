import { isTransientFault } from "../storage/database-fault.ts";
import { LedgerReader } from "../storage/ledger-reader.ts";
import { createOrm, type OrmSettings } from "../storage/orm.ts";
import { commitBatch } from "./batch.ts";
import type { CreditLedger } from "./credit-ledger.ts";
import type { LaneSettings } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LedgerService } from "./ledger-service.ts";
import { Sweeper, type SweeperSettings } from "./sweeper.ts";

export type LedgerSettings = Readonly<{
  database: OrmSettings;
  lanes: LaneSettings & Readonly<{ count: number }>;
  sweep: SweeperSettings;
  /** Told of what went wrong where nobody waits for an answer. */
  onError: (error: unknown) => void;
}>;

export type RunningLedger = Readonly<{
  ledger: CreditLedger;
  /** Takes no more mutations, ends those that wait, and lets the database go. */
  stop: () => Promise<void>;
}>;

/** The ledger on a database that is migrated; it sweeps from the start. */
export function createCreditLedger({
  database,
  lanes: laneSettings,
  sweep,
  onError,
}: LedgerSettings): RunningLedger {
  const orm = createOrm(database);
  const reader = new LedgerReader(orm);
  const lanes = new Lanes(
    { commit: (items) => commitBatch(orm, items), isTransient: isTransientFault },
    laneSettings,
  );
  const sweeper = new Sweeper(reader, lanes, sweep, onError);
  sweeper.start();
  const stop = async (): Promise<void> => {
    await sweeper.stop();
    await lanes.drain();
    await orm.close(true);
  };
  return { ledger: new LedgerService(reader, lanes), stop };
}
