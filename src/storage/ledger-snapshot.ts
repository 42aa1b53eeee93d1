import type { EntityManager } from "@mikro-orm/postgresql";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Debt } from "../domain/ledger/debt.ts";
import type { Grant } from "../domain/ledger/grant.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { StoredAccount } from "../domain/ledger/verify.ts";
import { AccountEntity, fromRowAccount } from "./account-entity.ts";
import { inTransaction } from "./database-transaction.ts";
import { type DebtRow, fromRowDebt, selectOwedDebts } from "./debt-rows.ts";
import { fromRowOwnedGrant, type GrantRow, selectGrants } from "./grant-rows.ts";
import type { Orm } from "./orm.ts";
import { fromRowOwnedReservation, type ReservationRow } from "./reservation-rows.ts";
import { SegmentAudit, type SegmentPaging } from "./segment-audit.ts";
import { selectSubscriptions } from "./subscription-rows.ts";
import { fromRowTransaction, selectTransactions, type TransactionRow } from "./transaction-rows.ts";
import { UsageAudit, type UsagePaging } from "./usage/usage-audit.ts";

/** A transaction, or why its row can't be read: somebody may have damaged it. */
export type StoredTransaction =
  | Readonly<{ transaction: SealedTransaction }>
  | Readonly<{ version: bigint; hash: string; why: string }>;

/** A number that no list of what is amiss needs more of. */
const UNSEEN_MAX = 1_001;

const RANGE_ROWS = 100_000;

/** The rows of a table that a condition picks, in the order of a column. */
type Keyed = Readonly<{ table: string; key: string; where?: RawBuilder<unknown> }>;

const RESERVATIONS: Keyed = { table: "reservations", key: "reservation_id" };
const PAID_DEBTS: Keyed = { table: "debts", key: "version", where: sql`paid_micros = incurred_micros` };

/** A reservation, or why its row can't be read. */
export type StoredReservation =
  | Readonly<{ reservation: Reservation }>
  | Readonly<{ reservationId: string; why: string }>;

/** One organization as it was at one moment, in pieces, while the service goes on. */
export class LedgerSnapshot {
  readonly #em: EntityManager;
  readonly #organizationId: string;

  private constructor(em: EntityManager, organizationId: string) {
    this.#em = em;
    this.#organizationId = organizationId;
  }

  static read<T>(
    orm: Orm,
    organizationId: string,
    work: (snapshot: LedgerSnapshot) => Promise<T>,
  ): Promise<T> {
    return inTransaction(orm, "snapshot", (em) => work(new LedgerSnapshot(em, organizationId)));
  }

  /** What stands beside the transactions; undefined without an account. */
  async account(): Promise<StoredAccount | undefined> {
    const account = await this.#fork().findOne(AccountEntity, { organizationId: this.#organizationId });
    if (!account) return undefined;
    const [owned] = await selectSubscriptions(this.#database, [this.#organizationId]);
    const { headHash } = account;
    return { account: fromRowAccount(account), headHash, subscription: owned?.subscription };
  }

  /** So many transactions after a version, in order. */
  async transactionsAfter(version: bigint, limit: number): Promise<readonly StoredTransaction[]> {
    const rows = await this.#rows<TransactionRow>(sql`
      select * from transactions where organization_id = ${this.#organizationId} and version > ${version}
      order by version limit ${limit}`);
    return rows.map(readTransaction);
  }

  /** The transactions of these versions that there are and that can be read, in order. */
  transactions(versions: readonly bigint[]): Promise<readonly SealedTransaction[]> {
    return selectTransactions(this.#database, this.#organizationId, versions);
  }

  async reservations(reservationIds: readonly string[]): Promise<readonly StoredReservation[]> {
    if (reservationIds.length === 0) return [];
    const rows = await this.#rows<ReservationRow>(sql`
      select r.* from unnest(${[...reservationIds]}::uuid[]) as k (i)
      join reservations r on r.organization_id = ${this.#organizationId} and r.reservation_id = k.i`);
    return rows.map(readReservation);
  }

  /** The reservations whose last change does not name them; not all of them, where they are many. */
  async unseenReservations(): Promise<readonly StoredReservation[]> {
    const rows = await this.#some<ReservationRow>(
      RESERVATIONS,
      sql`not exists (
        select from transactions t where t.organization_id = reservations.organization_id
          and t.version = reservations.versions[cardinality(reservations.versions)]
          and t.reservation_id = reservations.reservation_id)`,
    );
    return rows.map(readReservation);
  }

  countReservations(): Promise<number> {
    return this.#count(RESERVATIONS);
  }

  async grants(grantIds: readonly string[]): Promise<readonly Grant[]> {
    const keys = grantIds.map((id) => [this.#organizationId, id] as const);
    return (await selectGrants(this.#database, keys)).map(({ grant }) => grant);
  }

  /** So many grants after one, by id. */
  async grantsAfter(grantId: string | undefined, limit: number): Promise<readonly Grant[]> {
    const after = grantId === undefined ? sql`` : sql`and grant_id > ${grantId}::uuid`;
    const rows = await this.#rows<GrantRow>(sql`
      select * from grants where organization_id = ${this.#organizationId} ${after}
      order by grant_id limit ${limit}`);
    return rows.map((row) => fromRowOwnedGrant(row).grant);
  }

  async owedDebts(): Promise<readonly Debt[]> {
    return (await selectOwedDebts(this.#database, [this.#organizationId])).map(({ debt }) => debt);
  }

  async debts(versions: readonly bigint[]): Promise<readonly Debt[]> {
    if (versions.length === 0) return [];
    const rows = await this.#rows<DebtRow>(sql`
      select d.* from unnest(${versions.map(String)}::bigint[]) as k (v)
      join debts d on d.organization_id = ${this.#organizationId} and d.version = k.v`);
    return rows.map(fromRowDebt);
  }

  countPaidDebts(): Promise<number> {
    return this.#count(PAID_DEBTS);
  }

  /** What all debts come to. */
  async debtTotals(): Promise<Omit<Debt, "version">> {
    const [row] = await this.#rows<{ incurred: string | null; paid: string | null }>(sql`
      select sum(incurred_micros)::text as incurred, sum(paid_micros)::text as paid
      from debts where organization_id = ${this.#organizationId}`);
    return { incurredMicros: BigInt(row?.incurred ?? 0), paidMicros: BigInt(row?.paid ?? 0) };
  }

  /** The debts that are stored as paid and that their changes did not incur; not all of them, where they are many. */
  async unseenDebts(): Promise<readonly Debt[]> {
    const rows = await this.#some<DebtRow>(
      PAID_DEBTS,
      sql`not exists (
        select from transactions t, jsonb_array_elements(t.movements) m
        where t.organization_id = debts.organization_id and t.version = debts.version and m ->> 1 = 'DEBT')`,
    );
    return rows.map(fromRowDebt);
  }

  /** The numbers of the alerts that are still kept. */
  async alertNumbers(): Promise<Readonly<{ count: bigint; first: bigint; last: bigint }>> {
    const [row] = await this.#rows<{ count: string; first: string | null; last: string | null }>(sql`
      select count(*)::text as count, min(alert_number)::text as first, max(alert_number)::text as last
      from alerts where organization_id = ${this.#organizationId}`);
    return { count: BigInt(row?.count ?? 0), first: BigInt(row?.first ?? 0), last: BigInt(row?.last ?? 0) };
  }

  /** The number that the account has of its last alert. */
  async lastAlertNumber(): Promise<bigint> {
    const account = await this.#fork().findOne(AccountEntity, { organizationId: this.#organizationId });
    return BigInt(account?.alertNumber ?? 0);
  }

  /** The keys of a table in ranges that no statement takes long for. */
  async *#ranges({ table, key, where = sql`true` }: Keyed): AsyncGenerator<RawBuilder<unknown>> {
    const from = sql`from ${sql.table(table)} where organization_id = ${this.#organizationId} and ${where}`;
    for (let after = sql`true`; ; ) {
      const [last] = await this.#rows<{ key: string }>(sql`
        select ${sql.ref(key)}::text as key ${from} and ${after}
        order by ${sql.ref(key)} limit 1 offset ${RANGE_ROWS - 1}`);
      if (!last) {
        yield sql`${from} and ${after}`;
        return;
      }
      yield sql`${from} and ${after} and ${sql.ref(key)} <= ${last.key}`;
      after = sql`${sql.ref(key)} > ${last.key}`;
    }
  }

  async #count(keyed: Keyed): Promise<number> {
    let count = 0;
    for await (const range of this.#ranges(keyed)) {
      const [row] = await this.#rows<{ count: string }>(sql`select count(*)::text as count ${range}`);
      count += Number(row?.count ?? 0);
    }
    return count;
  }

  async #some<Row>(keyed: Keyed, condition: RawBuilder<unknown>): Promise<readonly Row[]> {
    const found: Row[] = [];
    for await (const range of this.#ranges(keyed)) {
      const limit = UNSEEN_MAX - found.length;
      if (limit === 0) break;
      const order = sql.ref(keyed.key);
      found.push(
        ...(await this.#rows<Row>(sql`select * ${range} and ${condition} order by ${order} limit ${limit}`)),
      );
    }
    return found;
  }

  async #rows<Row>(statement: RawBuilder<unknown>): Promise<readonly Row[]> {
    const { rows } = await (statement as RawBuilder<Row>).execute(this.#database);
    return rows;
  }

  /** What is summed up of the organization. */
  usage(paging: UsagePaging): UsageAudit {
    return new UsageAudit(this.#database, this.#organizationId, paging);
  }

  /** Where in the organization's history something occurs. */
  segments(paging: SegmentPaging): SegmentAudit {
    return new SegmentAudit(this.#database, this.#organizationId, paging);
  }

  get #database(): Kysely<unknown> {
    return this.#em.getKysely<unknown>();
  }

  #fork(): EntityManager {
    return this.#em.fork({ keepTransactionContext: true });
  }
}

function readReservation(row: ReservationRow): StoredReservation {
  try {
    return { reservation: fromRowOwnedReservation(row).reservation };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { reservationId: row.reservation_id, why: error.message };
  }
}

function readTransaction(row: TransactionRow): StoredTransaction {
  try {
    return { transaction: fromRowTransaction(row) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { version: BigInt(row.version), hash: row.hash.toString("hex"), why: error.message };
  }
}
