import { type Kysely, sql } from "kysely";
import type { Time } from "../../domain/time.ts";
import { inTransaction } from "../database-transaction.ts";
import { LedgerReader } from "../ledger-reader.ts";
import type { Orm } from "../orm.ts";
import { type CostsReading, selectRunCosts } from "./run-costs-rows.ts";
import { type RunQuery, selectRuns } from "./run-list.ts";
import { type Run, type RunHistory, selectDescendants, selectRun } from "./run-reader.ts";
import { selectUsage, type UsageQuery, type UsageReport } from "./usage-reader.ts";

/**
 * The usage of one organization at one moment: its summaries and the transactions that
 * these do not have yet, so that every answer is exact however far behind they are.
 */
export class UsageSnapshot {
  readonly #database: Kysely<unknown>;
  readonly #reader: LedgerReader;
  readonly #history: RunHistory;

  private constructor(database: Kysely<unknown>, reader: LedgerReader, history: RunHistory) {
    this.#database = database;
    this.#reader = reader;
    this.#history = history;
  }

  /** `statementTimeoutMs`: the longest that one statement of it may take; absent: as the session has it. */
  static read<T>(
    orm: Orm,
    organizationId: string,
    work: (snapshot: UsageSnapshot) => Promise<T>,
    statementTimeoutMs?: number,
  ): Promise<T> {
    return inTransaction(orm, "snapshot", async (em) => {
      const database = em.getKysely<unknown>();
      if (statementTimeoutMs !== undefined)
        await sql`select set_config('statement_timeout', ${String(statementTimeoutMs)}, true)`.execute(
          database,
        );
      const { rows } = await sql<{ head: string; cursor: string }>`
        select coalesce((select version from accounts where organization_id = ${organizationId}), 0) as head,
          coalesce((select version from usage_cursors where organization_id = ${organizationId}), 0) as cursor`.execute(
        database,
      );
      const { head = "0", cursor = "0" } = rows[0] ?? {};
      const history = { organizationId, cursor: BigInt(cursor), head: BigInt(head) };
      return work(new UsageSnapshot(database, new LedgerReader(orm, "database", em), history));
    });
  }

  /** Up to which version the summaries go. */
  get cursor(): bigint {
    return this.#history.cursor;
  }

  /** The last version. */
  get head(): bigint {
    return this.#history.head;
  }

  run(runId: string): Promise<Run | undefined> {
    return selectRun(this.#database, this.#history, runId);
  }

  runs(query: RunQuery): Promise<readonly Run[]> {
    return selectRuns(this.#database, this.#history, query);
  }

  descendants(runId: string, limit: number): Promise<readonly string[]> {
    return selectDescendants(this.#database, this.#history, runId, limit);
  }

  costs(runIds: readonly string[], partsMax: number): Promise<CostsReading> {
    return selectRunCosts(this.#database, this.#history.organizationId, runIds, partsMax);
  }

  versionBefore(time: Time): Promise<bigint> {
    return this.#reader.versionBefore(this.#history.organizationId, time);
  }

  usage(query: UsageQuery): Promise<UsageReport> {
    const { organizationId, cursor } = this.#history;
    return selectUsage(this.#database, organizationId, query, {
      cursor,
      versionBefore: (time) => this.versionBefore(time),
    });
  }
}
