import { databaseFaultOf } from "../storage/database-fault.ts";
import { LedgerReader } from "../storage/ledger-reader.ts";
import type { ClockSource } from "../storage/organization-clock.ts";
import { createOrm, type OrmSettings } from "../storage/orm.ts";
import { commitBatch } from "./batch.ts";
import { createCalendar } from "./calendar.ts";
import { CatalogueHistory } from "./catalogue-history.ts";
import type { CreditLedger } from "./credit-ledger.ts";
import type { LaneSettings } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LedgerService } from "./ledger-service.ts";
import { OrganizationReading } from "./organization-reading.ts";
import type { PlanDesk } from "./plan-desk.ts";
import { PlanService } from "./plan-service.ts";
import { Sweeper, type SweeperSettings } from "./sweeper.ts";
import { TestClocks } from "./test-clocks.ts";

export type LedgerSettings = Readonly<{
  database: OrmSettings;
  lanes: LaneSettings & Readonly<{ count: number }>;
  sweep: SweeperSettings;
  /** Absent: the database's. */
  clocks?: ClockSource;
  /** Told of what went wrong where nobody waits for an answer. */
  onError: (error: unknown) => void;
}>;

export type RunningLedger = Readonly<{
  ledger: CreditLedger;
  plans: PlanDesk;
  /** Only where they were asked for. */
  testClocks: TestClocks | undefined;
  /** Takes no more mutations, ends those that wait, and lets the database go. */
  stop: () => Promise<void>;
}>;

/** The ledger on a database that is migrated; it sweeps from the start. */
export function createCreditLedger({
  database,
  lanes: laneSettings,
  sweep,
  clocks = "database",
  onError,
}: LedgerSettings): RunningLedger {
  const { forLanes, forReads } = shareConnections(database.connectionsMax, laneSettings.count);
  const laneOrm = createOrm({ ...database, connectionsMax: forLanes });
  const readOrm = createOrm({ ...database, connectionsMax: forReads });
  const reader = new LedgerReader(readOrm, clocks);
  const catalogues = new CatalogueHistory();
  const ground = { orm: laneOrm, calendar: createCalendar(), catalogues, clocks };
  const lanes = new Lanes(
    { commit: (items) => commitBatch(ground, items), faultOf: databaseFaultOf },
    laneSettings,
  );
  const sweeper = new Sweeper(reader, lanes, sweep, onError);
  sweeper.start();
  const stop = async (): Promise<void> => {
    await sweeper.stop();
    await lanes.drain();
    await Promise.all([laneOrm.close(true), readOrm.close(true)]);
  };
  const reading = new OrganizationReading(reader, lanes);
  return {
    ledger: new LedgerService({ reader, lanes, reading, catalogues }),
    plans: new PlanService({ orm: readOrm, reader, reading, catalogues }),
    testClocks: clocks === "test clocks" ? new TestClocks(readOrm, lanes) : undefined,
    stop,
  };
}

/** Lanes and reads have pools of their own: in one, a batch would queue behind every read that came before it. */
function shareConnections(most: number, lanes: number): { forLanes: number; forReads: number } {
  const forLanes = Math.max(Math.min(lanes, Math.floor(most / 2)), 1);
  return { forLanes, forReads: Math.max(most - forLanes, 1) };
}
