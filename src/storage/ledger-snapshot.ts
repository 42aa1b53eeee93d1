import type { EntityManager } from "@mikro-orm/postgresql";
import { type Kysely, sql } from "kysely";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { StoredState } from "../domain/ledger/verify.ts";
import { AccountEntity, fromRowAccount } from "./account-entity.ts";
import { inTransaction } from "./database-transaction.ts";
import { selectOwedDebts } from "./debt-rows.ts";
import { fromRowGrant, GrantEntity } from "./grant-entity.ts";
import type { Orm } from "./orm.ts";
import { fromRowOwnedReservation, type ReservationRow } from "./reservation-rows.ts";
import { selectSubscriptions } from "./subscription-rows.ts";
import { fromRowTransaction, type TransactionRow } from "./transaction-rows.ts";
import { UsageAudit } from "./usage/usage-audit.ts";

const PAGE_ROWS = 2_000;

/** All of the ledger as it was at one moment, while the service goes on. */
export class LedgerSnapshot {
  readonly #em: EntityManager;

  private constructor(em: EntityManager) {
    this.#em = em;
  }

  static read<T>(orm: Orm, work: (snapshot: LedgerSnapshot) => Promise<T>): Promise<T> {
    return inTransaction(orm, "snapshot", (em) => work(new LedgerSnapshot(em)));
  }

  /** Every organization that has a row anywhere: one without an account has been damaged. */
  async organizationIds(): Promise<readonly string[]> {
    const { rows } = await sql<{ organization_id: string }>`
      select organization_id from accounts union select organization_id from transactions
      union select organization_id from grants union select organization_id from reservations
      union select organization_id from debts union select organization_id from subscriptions
      union select organization_id from usage_cursors
      order by 1`.execute(this.#database);
    return rows.map((row) => row.organization_id);
  }

  /** The transactions in order of version, in pages. */
  async *transactions(organizationId: string): AsyncGenerator<SealedTransaction> {
    for (let last = -1n; ; ) {
      const { rows } = await sql<TransactionRow>`
        select * from transactions where organization_id = ${organizationId} and version > ${last}
        order by version limit ${PAGE_ROWS}`.execute(this.#database);
      for (const row of rows) yield fromRowTransaction(row);
      if (rows.length < PAGE_ROWS) return;
      last = BigInt(rows.at(-1)?.version ?? 0);
    }
  }

  /** What is summed up of an organization. */
  usage(organizationId: string): UsageAudit {
    return new UsageAudit(this.#database, organizationId);
  }

  /** What is stored beside the transactions, and the head hash; undefined without an account. */
  async state(organizationId: string): Promise<(StoredState & { headHash: string }) | undefined> {
    const em = this.#em.fork({ keepTransactionContext: true });
    const account = await em.findOne(AccountEntity, { organizationId });
    if (!account) return undefined;
    const grants = await em.find(GrantEntity, { organizationId });
    const debts = await selectOwedDebts(this.#database, [organizationId]);
    const { rows } = await sql<ReservationRow>`
      select * from reservations where organization_id = ${organizationId}`.execute(this.#database);
    const [owned] = await selectSubscriptions(this.#database, [organizationId]);
    return {
      account: fromRowAccount(account),
      headHash: account.headHash,
      grants: grants.map(fromRowGrant),
      debts: debts.map(({ debt }) => debt),
      reservations: rows.map((row) => fromRowOwnedReservation(row).reservation),
      subscription: owned?.subscription,
    };
  }

  get #database(): Kysely<unknown> {
    return this.#em.getKysely<unknown>();
  }
}
