import type { SealedTransaction } from "../../src/domain/ledger/transaction.ts";
import { AccountEntity, type AccountRow, toRowAccount } from "../../src/storage/account-entity.ts";
import { debtUpsert, type OwnedDebt } from "../../src/storage/debt-rows.ts";
import { GRANT_COLUMNS, type OwnedGrant } from "../../src/storage/grant-rows.ts";
import { seal } from "../../src/storage/hash-chain.ts";
import type { Orm } from "../../src/storage/orm.ts";
import { sendWrites } from "../../src/storage/pipeline.ts";
import { type OwnedReservation, RESERVATION_COLUMNS } from "../../src/storage/reservation-rows.ts";
import { type OwnedSubscription, subscriptionUpsert } from "../../src/storage/subscription-rows.ts";
import { TRANSACTION_COLUMNS } from "../../src/storage/transaction-rows.ts";
import { CopyIn } from "./copy-in.ts";
import { copyColumns } from "./copy-text.ts";
import { entityColumns } from "./entity-columns.ts";
import type { OrganizationLife } from "./organization-life.ts";

/** Rows that come one an organization are written so many at a time. */
const OWNED_ROWS = 1_000;

type Copies = Readonly<{
  transactions: CopyIn<SealedTransaction>;
  reservations: CopyIn<OwnedReservation>;
  grants: CopyIn<OwnedGrant>;
  accounts: CopyIn<AccountRow>;
}>;

/** Writes lives as the service would have written them: the real chain of hashes, the real columns. */
export class LifeWriter {
  readonly #orm: Orm;
  readonly #copies: Copies;
  #subscriptions: OwnedSubscription[] = [];
  #debts: OwnedDebt[] = [];

  private constructor(orm: Orm, copies: Copies) {
    this.#orm = orm;
    this.#copies = copies;
  }

  static async open(url: string, orm: Orm): Promise<LifeWriter> {
    return new LifeWriter(orm, {
      transactions: await CopyIn.open(url, "transactions", copyColumns(TRANSACTION_COLUMNS)),
      reservations: await CopyIn.open(url, "reservations", copyColumns(RESERVATION_COLUMNS)),
      grants: await CopyIn.open(url, "grants", copyColumns(GRANT_COLUMNS)),
      accounts: await CopyIn.open(url, "accounts", entityColumns(orm, AccountEntity)),
    });
  }

  /** Lives it and writes it; tells of every step how many rows it wrote. */
  async write(
    life: OrganizationLife,
    onRows: (transactions: number, reservations: number) => void,
  ): Promise<void> {
    const { transactions: transactionRows, reservations: reservationRows } = this.#copies;
    const { ledger } = life.book;
    const { organizationId } = ledger.account;
    let headHash = "";
    for (const { transactions, finished } of life.steps()) {
      const sealed = transactions.map((transaction) => {
        const next = seal(headHash, transaction);
        headHash = next.hash;
        return next;
      });
      await transactionRows.write(sealed);
      await reservationRows.write(finished.map((reservation) => ({ organizationId, reservation })));
      onRows(transactions.length, finished.length);
    }
    await this.#copies.grants.write([...ledger.grants.values()].map((grant) => ({ organizationId, grant })));
    const account = { organizationId, headHash, alerting: false, alertNumber: "0" };
    await this.#copies.accounts.write([{ ...account, ...toRowAccount(ledger.account) }]);
    if (ledger.subscription) this.#subscriptions.push({ organizationId, subscription: ledger.subscription });
    for (const debt of life.book.debts.values()) this.#debts.push({ organizationId, debt });
    if (this.#subscriptions.length >= OWNED_ROWS || this.#debts.length >= OWNED_ROWS) await this.#saveOwned();
  }

  async end(): Promise<void> {
    await this.#saveOwned();
    for (const copy of Object.values(this.#copies)) await copy.end();
  }

  async #saveOwned(): Promise<void> {
    const [subscriptions, debts] = [this.#subscriptions, this.#debts];
    [this.#subscriptions, this.#debts] = [[], []];
    const database = this.#orm.em.fork().getKysely<unknown>();
    await sendWrites(database, [subscriptionUpsert(database, subscriptions), debtUpsert(database, debts)]);
  }
}
