import type { EntityManager } from "@mikro-orm/postgresql";
import { type Kysely, sql } from "kysely";
import type { WatchedState } from "../domain/alerts/watched-state.ts";
import { type Changes, Ledger } from "../domain/ledger/ledger.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Catalogue } from "../domain/plans/catalogue.ts";
import { laterOf, type Time } from "../domain/time.ts";
import { AccountEntity, type AccountRow, fromRowAccount, toRowAccount } from "./account-entity.ts";
import { AlertUnit } from "./alert-unit.ts";
import { lockCatalogue, selectCataloguesAfter } from "./catalogue-rows.ts";
import { selectCycleGrants } from "./cycle-grant-rows.ts";
import { allOf, inPipeline } from "./database-transaction.ts";
import { debtUpsert, selectOwedDebts } from "./debt-rows.ts";
import { gatherDecided } from "./decided-rows.ts";
import {
  grantInsert,
  grantUpdate,
  type OwnedGrant,
  selectGrants,
  selectOpenGrants,
  selectReferencedGrants,
} from "./grant-rows.ts";
import { seal } from "./hash-chain.ts";
import type { Key, Named } from "./named.ts";
import { type ClockSource, type OrganizationClock, readClock } from "./organization-clock.ts";
import type { Orm } from "./orm.ts";
import { sendWrites } from "./pipeline.ts";
import { holdRateCards } from "./rate-card-store.ts";
import { selectReferences } from "./reference-rows.ts";
import { selectRequestReferences, selectRequests } from "./request-rows.ts";
import {
  type OwnedReservation,
  reservationInsert,
  reservationUpdate,
  selectDueHolds,
  selectHeldOfRuns,
  selectNextHoldExpiry,
  selectReservations,
} from "./reservation-rows.ts";
import { selectSubscriptions, subscriptionUpsert } from "./subscription-rows.ts";
import { transactionInsert } from "./transaction-rows.ts";

/** How the references of the grants begin that cycles make. */
const CYCLE_PREFIX = "cycle:";

/** Of an organization named here, only what is due before then was loaded. */
export type DueLoaded = ReadonlyMap<string, Time>;

/**
 * One database transaction over some organizations' ledgers: MikroORM's unit of work. The accounts are its managed entities,
 * locked and flushed by it; what changes with each command goes through it by one multi-row statement per table.
 */
export class LedgerUnit {
  readonly ledgers = new Map<string, Ledger>();
  readonly alerts = new AlertUnit();
  readonly #em: EntityManager;
  readonly #begun: Promise<unknown>;
  #organizationIds: readonly string[] = [];
  #locked: Promise<void> = Promise.resolve();
  readonly #accounts = new Map<string, AccountRow>();
  /** The keys of the grants and reservations that were loaded. */
  readonly #stored = new Set<string>();
  #catalogueLocked = false;

  private constructor(em: EntityManager, begun: Promise<unknown>) {
    this.#em = em;
    this.#begun = begun;
  }

  /** Commits what the work saved, or nothing where it throws. */
  static run<T>(orm: Orm, work: (unit: LedgerUnit) => Promise<T>): Promise<T> {
    return inPipeline(orm, (em, begun) => work(new LedgerUnit(em, begun)));
  }

  /**
   * Locks the organizations' rows, in sorted order so that two batches never wait for each other in a circle. Those of
   * `opening` are made where they are missing (R-BAL-6); the others that are missing get a ledger at version 0.
   */
  async lock(organizationIds: readonly string[], opening: readonly string[]): Promise<void> {
    this.#organizationIds = [...new Set(organizationIds)].sort();
    this.#locked = this.#lock([...new Set(opening)].sort());
    await this.#locked;
  }

  /** To be called before the clock is read. */
  holdRateCards(): Promise<bigint> {
    return holdRateCards(this.#database);
  }

  /** Keeps the catalogue as it is until this is committed; see `lockCatalogue`. */
  async lockCatalogue(): Promise<void> {
    if (!this.#catalogueLocked) await lockCatalogue(this.#database, "to decide");
    this.#catalogueLocked = true;
  }

  cataloguesAfter(version: number): Promise<readonly Catalogue[]> {
    return selectCataloguesAfter(this.#database, version);
  }

  /** What time it is, read after the locks are held (R-BAL-5): the statement is behind theirs in the pipeline. */
  clock(source: ClockSource): Promise<OrganizationClock> {
    return readClock(this.#database, source, this.#organizationIds);
  }

  /**
   * Loads open grants, owed debts and what the commands name. May be called while the locks are waited for; what does
   * not depend on the accounts is then asked for in the same round trip, and looked at behind the lock.
   */
  async load(named: Named): Promise<void> {
    const put = (rows: readonly OwnedGrant[]) => this.#locked.then(() => this.#putGrants(rows));
    const hold = (rows: readonly OwnedReservation[]) => this.#locked.then(() => this.#putReservations(rows));
    await allOf([
      selectOpenGrants(this.#database, this.#organizationIds).then(put),
      selectGrants(this.#database, named.grants).then(put),
      selectReferencedGrants(this.#database, named.references).then(put),
      selectCycleGrants(this.#database, named).then(put),
      this.#loadRequests(named),
      selectReservations(this.#database, named.reservations).then(hold),
      selectHeldOfRuns(this.#database, named.runs).then(hold),
      this.#locked,
    ]);
    await allOf([
      this.alerts.load(this.#database, this.#accounts.values(), named.alerting),
      this.#loadDebts(),
      this.#loadReferences(named.prefixes),
      this.loadSubscriptions(named.subscribers),
      this.#loadPayments(named.refunds),
    ]);
  }

  /** Loads what a boundary or a change of a subscription needs. */
  async loadSubscriptions(organizationIds: readonly string[]): Promise<void> {
    if (organizationIds.length === 0) return;
    const owned = await selectSubscriptions(this.#database, organizationIds);
    for (const { organizationId, subscription } of owned)
      this.ledger(organizationId).subscription = subscription;
    await this.#loadReferences(organizationIds.map((id) => [id, CYCLE_PREFIX] as const));
    const suspended = owned.flatMap(({ organizationId, subscription }) =>
      subscription.suspendedGrantIds.map((grantId): Key => [organizationId, grantId]),
    );
    this.#putGrants(await selectGrants(this.#database, suspended));
  }

  /** Loads the holds that are due at each organization's time, about so many of each. */
  async loadDue(times: ReadonlyMap<string, Time>, most: number): Promise<DueLoaded> {
    const holds = await selectDueHolds(this.#database, times, most);
    this.#putReservations(holds);
    const counts = new Map<string, number>();
    const last = new Map<string, Time>();
    for (const { organizationId, reservation } of holds) {
      counts.set(organizationId, (counts.get(organizationId) ?? 0) + 1);
      last.set(organizationId, laterOf(last.get(organizationId) ?? 0n, reservation.expireTime));
    }
    return new Map(
      [...last].flatMap(([id, time]) => ((counts.get(id) ?? 0) < most ? [] : [[id, time + 1n] as const])),
    );
  }

  nextHoldExpiry(times: ReadonlyMap<string, Time>): Promise<ReadonlyMap<string, Time>> {
    return selectNextHoldExpiry(this.#database, times);
  }

  ledger(organizationId: string): Ledger {
    const ledger = this.ledgers.get(organizationId);
    if (!ledger) throw new Error(`organization ${organizationId} is not locked`);
    return ledger;
  }

  /** Sends what was decided, in its order; returns the transactions in their chain. The commit tells how it went. */
  async save(decided: readonly Changes[]): Promise<readonly SealedTransaction[]> {
    const { grants, debts, reservations, subscriptions } = gatherDecided(decided);
    const [storedHolds, madeHolds] = this.#apart(reservations, reservationKey);
    // Of a large batch, PostgreSQL is at work on these while the others are made.
    await sendWrites(this.#database, [reservationInsert(madeHolds), reservationUpdate(storedHolds)]);
    const sealed = decided.flatMap(({ transactions }) => transactions.map((t) => this.#seal(t)));
    const [storedGrants, madeGrants] = this.#apart(grants, grantKey);
    await sendWrites(this.#database, [
      transactionInsert(sealed),
      grantInsert(madeGrants),
      grantUpdate(storedGrants),
      debtUpsert(this.#database, debts),
      ...this.alerts.writes(this.#database),
      subscriptionUpsert(this.#database, subscriptions),
    ]);
    for (const [id, row] of this.#accounts) {
      const { account } = this.ledger(id);
      if (account.version === 0n) this.#em.remove(row);
      else Object.assign(row, toRowAccount(account), this.alerts.toRow(id));
    }
    await this.#em.flush();
    return sealed;
  }

  /** As it is once this is committed, for those who watch it. */
  watchedState(organizationId: string): WatchedState {
    const alertNumber = BigInt(this.#accounts.get(organizationId)?.alertNumber ?? 0);
    return { account: this.ledger(organizationId).account, alertNumber };
  }

  get #database(): Kysely<unknown> {
    return this.#em.getKysely<unknown>();
  }

  /** By a statement whose place in the pipeline is certain; the rows are the unit of work's all the same. */
  async #lock(opening: readonly string[]): Promise<void> {
    const columns = this.#em.getMetadata(AccountEntity).props.flatMap(({ fieldNames }) => fieldNames);
    const locked = sql<Record<string, unknown>>`
      select ${sql.raw(columns.join(", "))} from accounts
      where organization_id = any(${this.#organizationIds}::text[]) order by organization_id for update`;
    const [, , { rows }] = await allOf([this.#begun, this.#open(opening), locked.execute(this.#database)]);
    for (const row of rows.map((each) => this.#em.map(AccountEntity, each)))
      this.#accounts.set(row.organizationId, row);
    for (const id of this.#organizationIds) {
      const row = this.#accounts.get(id);
      this.ledgers.set(id, new Ledger(row ? fromRowAccount(row) : id));
    }
  }

  async #open(organizationIds: readonly string[]): Promise<void> {
    if (organizationIds.length === 0) return;
    await sql`
      insert into accounts (organization_id, version, update_time, subscription_micros, promotional_micros,
        purchased_micros, reserved_micros, debt_micros, head_hash)
      select o, 0, 'epoch', 0, 0, 0, 0, 0, '' from unnest(${organizationIds}::text[]) as k (o)
      on conflict (organization_id) do nothing`.execute(this.#database);
  }

  async #loadDebts(): Promise<void> {
    const accounts = [...this.ledgers.values()].map(({ account }) => account);
    const indebted = accounts.filter(({ balance }) => balance.debtMicros > 0n);
    const ids = indebted.map(({ organizationId }) => organizationId);
    for (const { organizationId, debt } of await selectOwedDebts(this.#database, ids))
      this.ledger(organizationId).putDebt(debt);
  }

  async #loadRequests({ requests, references }: Named): Promise<void> {
    const [byId, byReference] = await allOf([
      selectRequests(this.#database, requests),
      selectRequestReferences(this.#database, references),
      this.#locked,
    ]);
    for (const used of byId) this.ledger(used.organizationId).requests.set(used.requestId, used.first);
    for (const used of byReference)
      this.ledger(used.organizationId).requestReferences.set(used.reference, used.first);
  }

  /** A refund goes back to the grants that paid, most of which are closed. */
  async #loadPayments(refunds: readonly Key[]): Promise<void> {
    const paid = refunds.flatMap(([organizationId, reservationId]) => {
      const payments = this.ledger(organizationId).reservations.get(reservationId)?.payments ?? [];
      return payments.map(({ grantId }): Key => [organizationId, grantId]);
    });
    this.#putGrants(await selectGrants(this.#database, paid));
  }

  /** The grants themselves may stay where they are. */
  async #loadReferences(keys: readonly Key[]): Promise<void> {
    for (const { organizationId, reference, grantId } of await selectReferences(this.#database, keys))
      this.ledger(organizationId).references.set(reference, grantId);
  }

  #putGrants(rows: readonly OwnedGrant[]): void {
    for (const row of rows) {
      this.#stored.add(grantKey(row));
      this.ledger(row.organizationId).putGrant(row.grant);
    }
  }

  #putReservations(rows: readonly OwnedReservation[]): void {
    for (const row of rows) {
      this.#stored.add(reservationKey(row));
      this.ledger(row.organizationId).reservations.set(row.reservation.reservationId, row.reservation);
    }
  }

  /** Rows that are stored already, and rows that are new. */
  #apart<Row>(rows: readonly Row[], keyOf: (row: Row) => string): readonly [readonly Row[], readonly Row[]] {
    const { stored = [], made = [] } = Object.groupBy(rows, (row) =>
      this.#stored.has(keyOf(row)) ? "stored" : "made",
    );
    return [stored, made];
  }

  #seal(transaction: Changes["transactions"][number]): SealedTransaction {
    const account = this.#accounts.get(transaction.organizationId);
    if (!account) throw new Error(`organization ${transaction.organizationId} is not locked`);
    const sealed = seal(account.headHash, transaction);
    account.headHash = sealed.hash;
    return sealed;
  }
}

function grantKey({ organizationId, grant }: OwnedGrant): string {
  return `${grant.grantId} ${organizationId}`;
}

function reservationKey({ organizationId, reservation }: OwnedReservation): string {
  return `${reservation.reservationId} ${organizationId}`;
}
