import type { EntityManager } from "@mikro-orm/postgresql";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Account } from "../domain/ledger/account.ts";
import type { Grant, GrantKind, GrantState } from "../domain/ledger/grant.ts";
import type { Reservation, ReservationState } from "../domain/ledger/reservation.ts";
import type { SealedTransaction, TransactionKind } from "../domain/ledger/transaction.ts";
import type { Catalogue } from "../domain/plans/catalogue.ts";
import type { Subscription } from "../domain/plans/subscription.ts";
import type { Time } from "../domain/time.ts";
import { AccountEntity, fromRowAccount } from "./account-entity.ts";
import { selectCataloguesAfter } from "./catalogue-rows.ts";
import { inTransaction } from "./database-transaction.ts";
import { fromRowGrant, GrantEntity } from "./grant-entity.ts";
import type { ClockSource } from "./organization-clock.ts";
import type { Orm } from "./orm.ts";
import { fromRowOwnedReservation, type ReservationRow, selectReservations } from "./reservation-rows.ts";
import { selectSubscriptionAt, selectSubscriptions } from "./subscription-rows.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";
import { fromRowTransaction, selectTransactions, type TransactionRow } from "./transaction-rows.ts";

export type AccountReading = Readonly<{ account: Account | undefined; now: Time }>;

export type ReservationQuery = Readonly<{
  states: readonly ReservationState[];
  runId: string | undefined;
  agentId: string | undefined;
  /** Only older than this one. */
  beforeId: string | undefined;
  limit: number;
}>;

export type GrantQuery = Readonly<{
  kinds: readonly GrantKind[];
  states: readonly GrantState[];
  now: Time;
  beforeId: string | undefined;
  limit: number;
}>;

export type TransactionQuery = Readonly<{
  kinds: readonly TransactionKind[];
  runId: string | undefined;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  modelId: string | undefined;
  startTime: Time | undefined;
  endTime: Time | undefined;
  beforeVersion: bigint | undefined;
  limit: number;
}>;

/** Reads of one organization, each a statement of its own and outside any transaction, but for `atOnce`. */
export class LedgerReader {
  readonly #orm: Orm;
  readonly #em: EntityManager;
  readonly #clocks: ClockSource;

  constructor(orm: Orm, clocks: ClockSource = "database", em: EntityManager = orm.em) {
    this.#orm = orm;
    this.#em = em;
    this.#clocks = clocks;
  }

  /** Several reads that see the same moment. */
  atOnce<T>(read: (reader: LedgerReader) => Promise<T>): Promise<T> {
    return inTransaction(this.#orm, "snapshot", (em) => read(new LedgerReader(this.#orm, this.#clocks, em)));
  }

  /** The account, if it is open, and what time it is for it. */
  async account(organizationId: string): Promise<AccountReading> {
    const em = this.#fork();
    const { rows } = await sql<Record<string, unknown> & { organization_id: string | null; now: string }>`
      select a.*, ${this.#now(organizationId)} as now from (values (1)) as one
      left join accounts a on a.organization_id = ${organizationId} and a.version > 0`.execute(
      em.getKysely(),
    );
    const [row] = rows;
    if (!row) throw new Error("a left join without a row");
    const account = row.organization_id === null ? undefined : fromRowAccount(em.map(AccountEntity, row));
    return { account, now: fromRowTime(row.now) };
  }

  async reservations(
    organizationId: string,
    reservationIds: readonly string[],
  ): Promise<readonly Reservation[]> {
    const rows = await selectReservations(
      this.#database,
      reservationIds.map((id) => [organizationId, id] as const),
    );
    return rows.map(({ reservation }) => reservation);
  }

  async listReservations(organizationId: string, query: ReservationQuery): Promise<readonly Reservation[]> {
    const { states, runId, agentId, beforeId, limit } = query;
    const { rows } = await sql<ReservationRow>`
      select * from reservations where ${all([
        sql`organization_id = ${organizationId}`,
        states.length > 0 && sql`state = any(${states})`,
        runId !== undefined && sql`run_id = ${runId}`,
        agentId !== undefined && sql`agent_id = ${agentId}`,
        beforeId !== undefined && sql`reservation_id < ${beforeId}::uuid`,
      ])} order by reservation_id desc limit ${limit}`.execute(this.#database);
    return rows.map((row) => fromRowOwnedReservation(row).reservation);
  }

  async grant(organizationId: string, grantId: string): Promise<Grant | undefined> {
    const row = await this.#fork().findOne(GrantEntity, { organizationId, grantId });
    return row ? fromRowGrant(row) : undefined;
  }

  async grants(organizationId: string, grantIds: readonly string[]): Promise<readonly Grant[]> {
    const rows = await this.#fork().find(GrantEntity, { organizationId, grantId: { $in: [...grantIds] } });
    return rows.map(fromRowGrant);
  }

  async listGrants(organizationId: string, query: GrantQuery): Promise<readonly Grant[]> {
    const { kinds, states, now, beforeId, limit } = query;
    const em = this.#fork();
    const { rows } = await sql<Record<string, unknown>>`
      select * from grants where ${all([
        sql`organization_id = ${organizationId}`,
        kinds.length > 0 && sql`kind = any(${kinds})`,
        states.length > 0 && sql`${grantStateAt(now)} = any(${states})`,
        beforeId !== undefined && sql`grant_id < ${beforeId}::uuid`,
      ])} order by grant_id desc limit ${limit}`.execute(em.getKysely());
    return rows.map((row) => fromRowGrant(em.map(GrantEntity, row)));
  }

  async grantOf(organizationId: string, reference: string): Promise<Grant | undefined> {
    const row = await this.#fork().findOne(GrantEntity, { organizationId, reference });
    return row ? fromRowGrant(row) : undefined;
  }

  /** The last subscription, which may have ended. */
  async subscription(organizationId: string): Promise<Subscription | undefined> {
    const [owned] = await selectSubscriptions(this.#database, [organizationId]);
    return owned?.subscription;
  }

  /** The subscription as it was after this version. */
  subscriptionAt(organizationId: string, version: bigint): Promise<Subscription | undefined> {
    return selectSubscriptionAt(this.#database, organizationId, version);
  }

  cataloguesAfter(version: number): Promise<readonly Catalogue[]> {
    return selectCataloguesAfter(this.#database, version);
  }

  transactions(organizationId: string, versions: readonly bigint[]): Promise<readonly SealedTransaction[]> {
    return selectTransactions(this.#database, organizationId, versions);
  }

  async listTransactions(
    organizationId: string,
    query: TransactionQuery,
  ): Promise<readonly SealedTransaction[]> {
    const {
      kinds,
      runId,
      agentId,
      workspaceId,
      memberId,
      modelId,
      startTime,
      endTime,
      beforeVersion,
      limit,
    } = query;
    const last = endTime === undefined ? undefined : await this.versionBefore(organizationId, endTime);
    const previous =
      startTime === undefined ? undefined : await this.versionBefore(organizationId, startTime);
    const { rows } = await sql<TransactionRow>`
      select * from transactions where ${all([
        sql`organization_id = ${organizationId}`,
        kinds.length > 0 && sql`kind = any(${kinds})`,
        runId !== undefined && sql`run_id = ${runId}`,
        agentId !== undefined && sql`agent_id = ${agentId}`,
        workspaceId !== undefined && sql`workspace_id = ${workspaceId}`,
        memberId !== undefined && sql`member_id = ${memberId}`,
        modelId !== undefined && sql`model_id = ${modelId}`,
        previous !== undefined && sql`version > ${previous}`,
        last !== undefined && sql`version <= ${last}`,
        beforeVersion !== undefined && sql`version < ${beforeVersion}`,
      ])} order by version desc limit ${limit}`.execute(this.#database);
    return rows.map(fromRowTransaction);
  }

  /**
   * The last version before a time; 0 where there is none. Versions have no gaps and their
   * times never fall (R-BAL-3, R-BAL-5), so halving the range finds it by a few
   * looks at the primary key, without an index on the time.
   */
  async versionBefore(organizationId: string, time: Time): Promise<bigint> {
    const { rows } = await sql<{ version: string }>`
      with recursive search (low, high) as (
        select 0::bigint, version from accounts where organization_id = ${organizationId}
        union all
        select case when t.effective_time < ${toRowTime(time)} then m.middle else s.low end,
               case when t.effective_time < ${toRowTime(time)} then s.high else m.middle - 1 end
        from search s
        cross join lateral (select (s.low + s.high + 1) / 2 as middle) m
        join transactions t on t.organization_id = ${organizationId} and t.version = m.middle
        where s.low < s.high)
      select low as version from search where low = high`.execute(this.#database);
    return BigInt(rows[0]?.version ?? 0);
  }

  /**
   * The organizations for which something has been due the longest. By the
   * statement's time: `clock_timestamp()` is volatile, so it would not end the walk
   * through the index at what is not due yet.
   */
  async dueOrganizations(limit: number): Promise<readonly string[]> {
    const dueTime =
      this.#clocks === "database"
        ? sql`statement_timestamp()`
        : sql`coalesce((select clock_time from test_clocks c where c.organization_id = accounts.organization_id),
            statement_timestamp())`;
    const { rows } = await sql<{ organization_id: string }>`
      select organization_id from accounts where next_due_time <= ${dueTime}
      order by next_due_time limit ${limit}`.execute(this.#database);
    return rows.map((row) => row.organization_id);
  }

  #now(organizationId: string): RawBuilder<string> {
    if (this.#clocks === "database") return sql`clock_timestamp()`;
    return sql`coalesce((select clock_time from test_clocks where organization_id = ${organizationId}),
      clock_timestamp())`;
  }

  get #database(): Kysely<unknown> {
    return this.#em.getKysely<unknown>();
  }

  /** Entities are read afresh each time, in the same transaction if there is one. */
  #fork(): EntityManager {
    return this.#em.fork({ keepTransactionContext: true });
  }
}

/** The SQL of `grantState`. */
function grantStateAt(now: Time): RawBuilder<GrantState> {
  return sql`case when voided then 'VOIDED' when expire_time <= ${toRowTime(now)} then 'EXPIRED'
    when open then 'ACTIVE' else 'SPENT' end`;
}

function all(conditions: readonly (RawBuilder<unknown> | false)[]): RawBuilder<unknown> {
  return sql.join(
    conditions.filter((condition) => condition !== false),
    sql` and `,
  );
}
