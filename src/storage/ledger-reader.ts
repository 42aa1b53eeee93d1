import type { EntityManager } from "@mikro-orm/postgresql";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Account } from "../domain/ledger/account.ts";
import type { Grant, GrantKind, GrantState } from "../domain/ledger/grant.ts";
import type { Reservation, ReservationState } from "../domain/ledger/reservation.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Catalogue } from "../domain/plans/catalogue.ts";
import type { Subscription } from "../domain/plans/subscription.ts";
import type { Time } from "../domain/time.ts";
import { AccountEntity, type AccountRow, fromRowAccount } from "./account-entity.ts";
import { type BoundedPage, selectBounded } from "./bounded-list.ts";
import { selectCataloguesAfter } from "./catalogue-rows.ts";
import { inTransaction } from "./database-transaction.ts";
import { fromRowOwnedGrant, type GrantRow, selectGrants, selectReferencedGrants } from "./grant-rows.ts";
import type { ClockSource } from "./organization-clock.ts";
import type { Orm } from "./orm.ts";
import { preparedReads } from "./prepared-reads.ts";
import {
  fromRowOwnedReservation,
  type ReservationRow,
  reservationsOfRuns,
  selectReservations,
} from "./reservation-rows.ts";
import { selectSubscriptionAt, selectSubscriptions } from "./subscription-rows.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";
import { type TransactionConditions, TransactionList, type TransactionListPage } from "./transaction-list.ts";
import { selectTransactions } from "./transaction-rows.ts";

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

export type TransactionQuery = TransactionConditions &
  Readonly<{
    startTime: Time | undefined;
    endTime: Time | undefined;
    beforeVersion: bigint | undefined;
    /** The organization's. */
    lastVersion: Promise<bigint>;
    limit: number;
  }>;

type Nullable<Row> = { [Column in keyof Row]: Row[Column] | null };

const VERSION_MAX = 2n ** 63n - 1n;

/** The newest first. `before`: older than this the next page begins; undefined where there is none. */
export type ReservationListPage = Readonly<{
  reservations: readonly Reservation[];
  before: string | undefined;
}>;
export type GrantListPage = Readonly<{ grants: readonly Grant[]; before: string | undefined }>;

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
    const { props } = this.#em.getMetadata(AccountEntity);
    // By hand rather than by the unit of work, which does not write it: that took 3 to 4 % of a page's time.
    const columns = props.map(({ name, fieldNames }) => `a.${fieldNames[0]} as "${name}"`);
    const { rows } = await sql<Nullable<AccountRow> & { now: string }>`
      select ${sql.raw(columns.join(", "))}, ${this.#now(organizationId)} as now from (values (1)) as one
      left join accounts a on a.organization_id = ${organizationId} and a.version > 0`.execute(
      this.#prepared,
    );
    const [row] = rows;
    if (!row) throw new Error("a left join without a row");
    const account = row.organizationId === null ? undefined : fromRowAccount(row as AccountRow);
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

  async listReservations(organizationId: string, query: ReservationQuery): Promise<ReservationListPage> {
    const { states, runId, agentId, beforeId, limit } = query;
    const conditions = [
      ...(states.length > 0 ? [sql`state = any(${states})`] : []),
      ...(agentId === undefined ? [] : [sql`agent_id = ${agentId}`]),
    ];
    const list = { table: "reservations", key: "reservation_id", organizationId, before: beforeId } as const;
    const isHeld = states.length === 1 && states[0] === "HELD";
    const { rows, before } =
      runId === undefined && !isHeld
        ? await selectBounded<ReservationRow>(this.#database, { ...list, conditions, size: limit })
        : await this.#selectFew(organizationId, query, conditions);
    return { reservations: rows.map((row) => fromRowOwnedReservation(row).reservation), before };
  }

  /** Of a run, or those that are held: few, mostly, so that all of them are looked through. */
  async #selectFew(
    organizationId: string,
    { runId, beforeId, limit }: ReservationQuery,
    conditions: readonly RawBuilder<unknown>[],
  ): Promise<BoundedPage<ReservationRow>> {
    const few =
      runId === undefined
        ? sql`reservations r where r.organization_id = ${organizationId} and r.state = 'HELD'`
        : reservationsOfRuns([[organizationId, runId]]);
    const older = beforeId === undefined ? [] : [sql`reservation_id < ${beforeId}::uuid`];
    const { rows } = await sql<ReservationRow>`
      with few as materialized (select r.* from ${few})
      select * from few where ${sql.join([sql`true`, ...conditions, ...older], sql` and `)}
      order by reservation_id desc limit ${limit + 1}`.execute(this.#database);
    const page = rows.slice(0, limit);
    return { rows: page, before: rows.length > limit ? page.at(-1)?.reservation_id : undefined };
  }

  async grant(organizationId: string, grantId: string): Promise<Grant | undefined> {
    const [owned] = await selectGrants(this.#database, [[organizationId, grantId]]);
    return owned?.grant;
  }

  async grants(organizationId: string, grantIds: readonly string[]): Promise<readonly Grant[]> {
    const keys = grantIds.map((id) => [organizationId, id] as const);
    return (await selectGrants(this.#database, keys)).map(({ grant }) => grant);
  }

  async listGrants(organizationId: string, query: GrantQuery): Promise<GrantListPage> {
    const { kinds, states, now, beforeId, limit } = query;
    const { rows, before } = await selectBounded<GrantRow>(this.#database, {
      table: "grants",
      key: "grant_id",
      organizationId,
      before: beforeId,
      conditions: [
        ...(kinds.length > 0 ? [sql`kind = any(${kinds})`] : []),
        ...(states.length > 0 ? [sql`${grantStateAt(now)} = any(${states})`] : []),
      ],
      size: limit,
    });
    return { grants: rows.map((row) => fromRowOwnedGrant(row).grant), before };
  }

  async grantOf(organizationId: string, reference: string): Promise<Grant | undefined> {
    const [owned] = await selectReferencedGrants(this.#database, [[organizationId, reference]]);
    return owned?.grant;
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

  async listTransactions(organizationId: string, query: TransactionQuery): Promise<TransactionListPage> {
    const { startTime, endTime, beforeVersion, limit } = query;
    const times = [startTime, endTime].filter((time) => time !== undefined);
    const versions = (await this.#boundsUpTo(query.lastVersion, organizationId, times)).values();
    const after = startTime === undefined ? 0n : (versions.next().value ?? 0n);
    const last = endTime === undefined ? VERSION_MAX : (versions.next().value ?? 0n);
    const newest = beforeVersion === undefined ? VERSION_MAX : beforeVersion - 1n;
    const list = new TransactionList(this.#prepared, organizationId, query);
    return list.page({ after, upTo: last < newest ? last : newest }, query.lastVersion, limit);
  }

  /** The last version before a time; 0 where there is none. */
  async versionBefore(organizationId: string, time: Time): Promise<bigint> {
    const { versions } = await this.#versionsBefore(organizationId, [time]);
    return versions[0] ?? 0n;
  }

  /** Of a moment in which the organization was at least at its last version: what came after it might lie before a time. */
  async #boundsUpTo(
    lastVersion: Promise<bigint>,
    organizationId: string,
    times: readonly Time[],
  ): Promise<readonly bigint[]> {
    if (times.length === 0) return [];
    const { head, versions } = await this.#versionsBefore(organizationId, times);
    if (head >= (await lastVersion)) return versions;
    return (await this.#versionsBefore(organizationId, times)).versions;
  }

  /**
   * Versions have no gaps and their times never fall (R-BAL-3, R-BAL-5), so halving the range
   * finds the last one before a time by a few looks at the primary key, without an index on the time.
   */
  async #versionsBefore(
    organizationId: string,
    times: readonly Time[],
  ): Promise<Readonly<{ head: bigint; versions: readonly bigint[] }>> {
    const searches = times.map(
      (time) => sql`(
      with recursive search (low, high) as (
        select 0::bigint, version from accounts where organization_id = ${organizationId}
        union all
        select case when t.effective_time < ${toRowTime(time)} then m.middle else s.low end,
               case when t.effective_time < ${toRowTime(time)} then s.high else m.middle - 1 end
        from search s
        cross join lateral (select (s.low + s.high + 1) / 2 as middle) m
        join transactions t on t.organization_id = ${organizationId} and t.version = m.middle
        where s.low < s.high)
      select low from search where low = high)`,
    );
    const { rows } = await sql<{ head: string | null; versions: (string | null)[] }>`
      select (select version from accounts where organization_id = ${organizationId}) as head,
        array[${sql.join(searches)}]::text[] as versions`.execute(this.#prepared);
    const [{ head, versions } = { head: null, versions: [] }] = rows;
    return { head: BigInt(head ?? 0), versions: times.map((_, index) => BigInt(versions[index] ?? 0)) };
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

  /** For what is asked most; not within a transaction. */
  get #prepared(): Kysely<unknown> {
    return this.#em === this.#orm.em ? preparedReads(this.#orm) : this.#database;
  }
}

/** The SQL of `grantState`. */
function grantStateAt(now: Time): RawBuilder<GrantState> {
  return sql`case when voided then 'VOIDED' when expire_time <= ${toRowTime(now)} then 'EXPIRED'
    when open then 'ACTIVE' else 'SPENT' end`;
}
