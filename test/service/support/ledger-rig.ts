import { expect } from "chai";
import { type RawBuilder, sql } from "kysely";
import { createCreditLedger, type RunningLedger } from "../../../src/service/create-credit-ledger.ts";
import type { CreditLedger } from "../../../src/service/credit-ledger.ts";
import type { LaneSettings } from "../../../src/service/lane.ts";
import type { SweeperSettings } from "../../../src/service/sweeper.ts";
import type { RollUpSettings } from "../../../src/service/usage/usage-roller.ts";
import { verifyLedger } from "../../../src/service/verification.ts";
import { createOrm, type Orm, type OrmSettings } from "../../../src/storage/orm.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ormSettings } from "./orm-settings.ts";

export type ServerSettings = Readonly<{
  database?: Partial<OrmSettings>;
  lanes?: Partial<LaneSettings & { count: number }>;
  sweep?: Partial<SweeperSettings>;
  rollUp?: Partial<RollUpSettings>;
}>;

/** Long enough that nothing is swept or summed up in a test that does not ask for it. */
const NEVER_MS = 3_600_000;

/** A database of its own, the servers that a test runs on it, and an eye on it past them. */
export class LedgerRig {
  /** What servers met where nobody waited for an answer. */
  readonly errors: unknown[] = [];
  readonly orm: Orm;
  readonly #database: TestDatabase;
  readonly #servers = new Map<CreditLedger, RunningLedger>();

  private constructor(database: TestDatabase) {
    this.#database = database;
    this.orm = createOrm(ormSettings(database.url));
  }

  static async open(): Promise<LedgerRig> {
    return new LedgerRig(await createTestDatabase());
  }

  get url(): string {
    return this.#database.url;
  }

  serve(settings: ServerSettings = {}): CreditLedger {
    return this.serveAll(settings).ledger;
  }

  /** A server with all that it runs beside its ledger. */
  serveAll({ database, lanes, sweep, rollUp }: ServerSettings = {}): RunningLedger {
    const server = createCreditLedger({
      database: { ...ormSettings(this.url), ...database },
      lanes: {
        count: 2,
        batchCommandsMax: 512,
        queueCommandsMax: 20_000,
        queueWaitMsMax: 1_000,
        standingWaitMsMax: 25,
        retryAttemptsMax: 8,
        scope: "many",
        ...lanes,
      },
      sweep: { intervalMs: NEVER_MS, organizationsMax: 200, ...sweep },
      rollUp: { intervalMs: NEVER_MS, transactionsMax: 10_000, ...rollUp },
      onError: (error) => this.errors.push(error),
    });
    this.#servers.set(server.ledger, server);
    return server;
  }

  async stop(ledger: CreditLedger): Promise<void> {
    await this.#servers.get(ledger)?.stop();
    this.#servers.delete(ledger);
  }

  /** One statement, outside of every server. */
  async rows<Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> {
    return (await statement.execute(this.orm.em.fork().getKysely())).rows;
  }

  /** One statement as it stands. */
  async run(text: string): Promise<void> {
    await this.rows(sql.raw(text));
  }

  /** Recomputes every organization from its transactions and finds nothing amiss. */
  async expectSound(): Promise<void> {
    const { discrepancies } = await verifyLedger(this.orm);
    expect(discrepancies).to.deep.equal([]);
  }

  /** Stops everything and lets the database go; fails where something still holds a session. */
  async close(): Promise<void> {
    for (const ledger of this.#servers.keys()) await this.stop(ledger);
    await this.orm.close(true);
    await this.#database.drop();
  }
}
