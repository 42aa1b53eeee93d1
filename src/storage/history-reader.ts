import { type Kysely, sql } from "kysely";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Orm } from "./orm.ts";
import { fromRowTransaction, type TransactionRow } from "./transaction-rows.ts";

/** A stretch of an organization's history: after one version, up to another. */
export type HistoryRange = Readonly<{ after: bigint; upTo: bigint; limit: number }>;

/** Reads history from its beginning, each page a statement of its own: what is committed never changes. */
export class HistoryReader {
  readonly #orm: Orm;

  constructor(orm: Orm) {
    this.#orm = orm;
  }

  /** The version of the last transaction; 0 where there is none. */
  async lastVersion(organizationId: string): Promise<bigint> {
    const { rows } = await sql<{ version: string }>`
      select version from accounts where organization_id = ${organizationId}`.execute(this.#database);
    return BigInt(rows[0]?.version ?? 0);
  }

  async transactions(
    organizationId: string,
    { after, upTo, limit }: HistoryRange,
  ): Promise<readonly SealedTransaction[]> {
    const { rows } = await sql<TransactionRow>`
      select * from transactions
      where organization_id = ${organizationId} and version > ${after} and version <= ${upTo}
      order by version limit ${limit}`.execute(this.#database);
    return rows.map(fromRowTransaction);
  }

  get #database(): Kysely<unknown> {
    return this.#orm.em.fork().getKysely<unknown>();
  }
}
