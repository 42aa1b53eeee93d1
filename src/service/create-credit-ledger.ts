import { AlertReader } from "../storage/alert-reader.ts";
import { ChangeFeed } from "../storage/change-feed.ts";
import { databaseFaultOf } from "../storage/database-fault.ts";
import { LedgerReader } from "../storage/ledger-reader.ts";
import type { ClockSource } from "../storage/organization-clock.ts";
import { createOrm, LANE_PLANS, type Orm, type OrmSettings } from "../storage/orm.ts";
import { RateCardStore } from "../storage/rate-card-store.ts";
import { WatchReader } from "../storage/watch-reader.ts";
import { Administration } from "./administration.ts";
import { type AlertBook, StoredAlertBook } from "./alert-book.ts";
import { AlertUpkeep } from "./alert-upkeep.ts";
import { type BatchGround, type Committed, commitBatch } from "./batch.ts";
import { createCalendar } from "./calendar.ts";
import { CatalogueHistory } from "./catalogue-history.ts";
import type { CreditLedger } from "./credit-ledger.ts";
import { HistoryUpkeep } from "./history-upkeep.ts";
import type { LaneGauge, LaneSettings, LaneTelemetry } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LedgerService } from "./ledger-service.ts";
import { OrganizationReading } from "./organization-reading.ts";
import type { PlanDesk } from "./plan-desk.ts";
import { PlanService } from "./plan-service.ts";
import { PriceService } from "./pricing/price-service.ts";
import type { Prices } from "./pricing/prices.ts";
import { Publication } from "./pricing/publication.ts";
import { RateCardShelf } from "./pricing/rate-card-shelf.ts";
import { Sweeper, type SweeperSettings } from "./sweeper.ts";
import { TestClocks } from "./test-clocks.ts";
import type { UsageBook } from "./usage/usage-book.ts";
import { type RollUpSettings, UsageRoller } from "./usage/usage-roller.ts";
import { UsageService } from "./usage/usage-service.ts";
import { WatchSource } from "./watch-source.ts";

export type LedgerSettings = Readonly<{
  database: OrmSettings;
  lanes: LaneSettings & Readonly<{ count: number }>;
  sweep: SweeperSettings;
  /** For verifications and exports, beside the others; absent: 2. */
  adminConnectionsMax?: number;
  rollUp: RollUpSettings;
  /** The longest that one statement about usage may take; absent: 4 s. */
  usageStatementTimeoutMs?: number;
  /** For how long alerts are kept; absent: 30 days. */
  alertsKeptMs?: number;
  /** Absent: the database's. */
  clocks?: ClockSource;
  /** Told how long commands wait and batches take; absent: nobody is. */
  telemetry?: LaneTelemetry;
  /** Told of what went wrong where nobody waits for an answer. */
  onError: (error: unknown) => void;
}>;

export type RunningLedger = Readonly<{
  ledger: CreditLedger;
  alerts: AlertBook;
  /** What those who watch are told from. */
  source: WatchSource;
  administration: Administration;
  prices: Prices;
  plans: PlanDesk;
  /** How the lanes stand. */
  gauge: LaneGauge;
  usage: UsageBook;
  /** Only where they were asked for. */
  testClocks: TestClocks | undefined;
  /** Takes no more mutations, ends those that wait, and lets the database go. */
  stop: () => Promise<void>;
}>;

const ALERTS_KEPT_MS = 30 * 24 * 3_600_000;

/** The ledger on a database that is migrated; it sweeps from the start. */
export function createCreditLedger({
  database,
  lanes: laneSettings,
  sweep,
  adminConnectionsMax = 2,
  rollUp,
  usageStatementTimeoutMs = 4_000,
  alertsKeptMs = ALERTS_KEPT_MS,
  clocks = "database",
  telemetry,
  onError,
}: LedgerSettings): RunningLedger {
  const { laneOrm, readOrm, adminOrm } = createOrms(database, laneSettings.count, adminConnectionsMax);
  const reader = new LedgerReader(readOrm, clocks);
  const store = new RateCardStore(readOrm);
  const shelf = new RateCardShelf(store);
  const publication = new Publication(store, shelf);
  const catalogues = new CatalogueHistory();
  const ground: BatchGround = {
    orm: laneOrm,
    calendar: createCalendar(),
    catalogues,
    clocks,
    shelf,
    committed: (changes) => {
      watching.committed(changes);
      roller.changed(changes.states);
    },
  };
  const lanes = new Lanes(
    { commit: (items) => commitBatch(ground, items), faultOf: databaseFaultOf },
    laneSettings,
    telemetry,
  );
  const readers = { watch: new WatchReader(readOrm), alerts: new AlertReader(readOrm) };
  const source = new WatchSource(readers, lanes);
  const watching = startWatching(source, { url: database.url, orm: readOrm, keptMs: alertsKeptMs, onError });
  const sweeper = new Sweeper(reader, lanes, sweep, onError);
  const history = new HistoryUpkeep(readOrm, onError);
  const roller = new UsageRoller(readOrm, rollUp, onError);
  const onTail = roller.heard.bind(roller);
  const statementTimeoutMs = Math.min(usageStatementTimeoutMs, database.statementTimeoutMs);
  for (const each of [sweeper, history, roller]) each.start();
  const stop = async (): Promise<void> => {
    await sweeper.stop();
    await history.stop();
    await lanes.drain();
    await roller.stop();
    await watching.stop();
    await administration.stop();
    await Promise.all([laneOrm, readOrm, adminOrm].map((orm) => orm.close(true)));
  };
  const reading = new OrganizationReading(reader, lanes);
  const administration = new Administration(adminOrm, reading);
  const ledger = new LedgerService({ reader, lanes, reading, catalogues });
  return {
    ledger,
    administration,
    alerts: new StoredAlertBook(ledger, readers.alerts),
    source,
    plans: new PlanService({ orm: readOrm, reader, reading, catalogues }),
    usage: new UsageService({ orm: readOrm, reader, shelf, reading, onTail, statementTimeoutMs }),
    testClocks: clocks === "test clocks" ? new TestClocks(readOrm, lanes) : undefined,
    gauge: lanes.gauge,
    prices: new PriceService(shelf, publication),
    stop,
  };
}

type WatchParts = Readonly<{ url: string; orm: Orm; keptMs: number; onError: (error: unknown) => void }>;

/** What tells of changes, on this server and to the others. */
function startWatching(source: WatchSource, { url, orm, keptMs, onError }: WatchParts) {
  const feed = new ChangeFeed({ url, onHint: (hint) => source.hinted(hint), onError });
  const onSequenced = (sequence: bigint): void => {
    source.sequenced(sequence);
    feed.tellSequence(sequence);
  };
  const upkeep = new AlertUpkeep({ orm, keptMs, onSequenced, onError });
  feed.start();
  upkeep.start();
  const committed = ({ states, alerted }: Committed): void => {
    source.changed(states);
    feed.tell(states);
    if (alerted) upkeep.nudge();
  };
  const stop = async (): Promise<void> => {
    await upkeep.stop();
    await feed.stop();
  };
  return { committed, stop };
}

/**
 * Lanes and reads have pools of their own: in one, a batch would queue behind every read that came before it. So has
 * administration: a verification keeps its connection, which reads would miss.
 */
function createOrms(database: OrmSettings, lanes: number, adminConnectionsMax: number) {
  const forLanes = Math.max(Math.min(lanes, Math.floor(database.connectionsMax / 2)), 1);
  const forReads = Math.max(database.connectionsMax - forLanes, 1);
  return {
    laneOrm: createOrm({ ...database, connectionsMax: forLanes, plans: LANE_PLANS }),
    readOrm: createOrm({ ...database, connectionsMax: forReads }),
    adminOrm: createOrm({ ...database, connectionsMax: adminConnectionsMax }),
  };
}
