import { Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/postgresql";
import { AccountEntity } from "./account-entity.ts";
import { LedgerDriver } from "./ledger-driver.ts";
import { Alerts } from "./migrations/alerts.ts";
import { HistorySegments } from "./migrations/history-segments.ts";
import { Ledger } from "./migrations/ledger.ts";
import { Plans } from "./migrations/plans.ts";
import { RateCards } from "./migrations/rate-cards.ts";
import { RequestReferences } from "./migrations/request-references.ts";
import { RequiredRows } from "./migrations/required-rows.ts";
import { ReservationRuns } from "./migrations/reservation-runs.ts";
import { Usage } from "./migrations/usage.ts";
import { UsageRunFilters } from "./migrations/usage-run-filters.ts";
import { Vacuum } from "./migrations/vacuum.ts";

export type Orm = MikroORM;

export type OrmSettings = Readonly<{
  url: string;
  connectionsMax: number;
  lockTimeoutMs: number;
  idleInTransactionTimeoutMs: number;
  statementTimeoutMs: number;
  /** For the lanes, which prepare their statements. */
  plans?: typeof LANE_PLANS;
}>;

/** A lane's commands are as many as come, so a plan for some is as good as one for these. */
export const LANE_PLANS = "-c plan_cache_mode=force_generic_plan";

/** A silent connection is probed after so long; the system's own default is two hours. */
const KEEP_ALIVE_MS = 10_000;

/** In the order in which they run. */
const MIGRATIONS = [
  Ledger,
  Plans,
  Alerts,
  RateCards,
  RequestReferences,
  HistorySegments,
  Vacuum,
  Usage,
  UsageRunFilters,
  RequiredRows,
  ReservationRuns,
];

/**
 * Connects nothing yet. Each session gives up locks by itself: a server that is
 * frozen inside a transaction loses it, and a statement that waits too long fails.
 */
export function createOrm(settings: OrmSettings): Orm {
  const { url, connectionsMax, lockTimeoutMs, idleInTransactionTimeoutMs, statementTimeoutMs, plans } =
    settings;
  const orm = new MikroORM({
    clientUrl: url,
    driver: LedgerDriver,
    entities: [AccountEntity],
    extensions: [Migrator],
    migrations: { migrationsList: MIGRATIONS, tableName: "migrations", snapshot: false },
    // Looking for the database at the first use would take a second connection; whoever runs it makes it.
    ensureDatabase: false,
    pool: { min: 0, max: connectionsMax },
    driverOptions: {
      application_name: "pleyor-credits",
      // What is asked for at once is sent at once; see `Pipeline`.
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: lockTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      statement_timeout: statementTimeoutMs,
      options: `-c timezone=UTC -c datestyle=ISO ${plans ?? ""}`,
    },
    // Managed entities have no required constructor arguments, relations or hooks to check.
    validateRequired: false,
    forceUtcTimezone: true,
    logger: () => undefined,
  });
  keepColumnsPlain(orm);
  return orm;
}

/**
 * MikroORM gives each entity an accessor of its own for each column, as relations need them. Accounts have none, and
 * without them one costs its unit of work half as much: 11 us of a call, with 22 organizations in a batch.
 */
function keepColumnsPlain(orm: Orm): void {
  const { prototype, props } = orm.getMetadata().get(AccountEntity);
  for (const { name } of props) Reflect.deleteProperty(prototype, name);
}
