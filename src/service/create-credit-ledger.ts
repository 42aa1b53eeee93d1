import type { RateCard } from "../domain/pricing/model.ts";
import { databaseFaultOf } from "../storage/database-fault.ts";
import { LedgerReader } from "../storage/ledger-reader.ts";
import { createOrm, type OrmSettings } from "../storage/orm.ts";
import { RateCardStore } from "../storage/rate-card-store.ts";
import { commitBatch } from "./batch.ts";
import type { CreditLedger } from "./credit-ledger.ts";
import type { LaneSettings } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LedgerService } from "./ledger-service.ts";
import { PriceService } from "./pricing/price-service.ts";
import type { Prices } from "./pricing/prices.ts";
import { Publication } from "./pricing/publication.ts";
import { RateCardShelf } from "./pricing/rate-card-shelf.ts";
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
  prices: Prices;
  /** Publishes a rate card where there is none yet. */
  publishFirstRateCard: (read: () => RateCard) => Promise<void>;
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
  const { forLanes, forReads } = shareConnections(database.connectionsMax, laneSettings.count);
  const laneOrm = createOrm({ ...database, connectionsMax: forLanes });
  const readOrm = createOrm({ ...database, connectionsMax: forReads });
  const reader = new LedgerReader(readOrm);
  const store = new RateCardStore(readOrm);
  const shelf = new RateCardShelf(store);
  const publication = new Publication(store, shelf);
  const lanes = new Lanes(
    { commit: (items) => commitBatch(laneOrm, items, shelf), faultOf: databaseFaultOf },
    laneSettings,
  );
  const sweeper = new Sweeper(reader, lanes, sweep, onError);
  sweeper.start();
  const stop = async (): Promise<void> => {
    await sweeper.stop();
    await lanes.drain();
    await Promise.all([laneOrm.close(true), readOrm.close(true)]);
  };
  return {
    ledger: new LedgerService(reader, lanes),
    prices: new PriceService(shelf, publication),
    publishFirstRateCard: (read) => publication.publishFirst(read),
    stop,
  };
}

/** Lanes and reads have pools of their own: in one, a batch would queue behind every read that came before it. */
function shareConnections(most: number, lanes: number): { forLanes: number; forReads: number } {
  const forLanes = Math.max(Math.min(lanes, Math.floor(most / 2)), 1);
  return { forLanes, forReads: Math.max(most - forLanes, 1) };
}
