import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import { HistoryReader } from "../storage/history-reader.ts";
import { OrganizationWalk } from "../storage/organization-walk.ts";
import type { Orm } from "../storage/orm.ts";
import { type ExportPosition, fromExportToken, toExportToken } from "./export-token.ts";
import { guarded } from "./guarded.ts";

export type ExportScope = Readonly<{
  /** Empty: all organizations. */
  organizationId: string;
  /** Empty: from the beginning. */
  resumeToken: string;
}>;

/** Some transactions of one organization, in order. */
export type ExportPage = Readonly<{
  transactions: readonly SealedTransaction[];
  /** Goes on after them. */
  resumeToken: string;
  /** About how many more there are. */
  remaining: bigint;
}>;

/** Some 200 KB on the wire. */
const PAGE_ROWS = 200;

const BEGINNING: ExportPosition = { organizationId: "", version: 0n };

/**
 * The transactions of organizations, each one's in the order of its versions. Between two
 * pages it holds nothing, neither a connection nor a snapshot: versions have no gaps
 * (R-BAL-3), so what comes after a version is the same whenever it is asked for.
 */
export class TransactionExport {
  readonly #walk: OrganizationWalk;
  readonly #history: HistoryReader;
  readonly #scope: string;
  #position: ExportPosition;
  #remaining = 0n;

  /** Throws ExportTokenError. */
  constructor(orm: Orm, { organizationId, resumeToken }: ExportScope) {
    this.#walk = new OrganizationWalk(orm);
    this.#history = new HistoryReader(orm);
    this.#scope = organizationId;
    this.#position = resumeToken === "" ? BEGINNING : fromExportToken(organizationId, resumeToken);
  }

  /** Where it is. */
  get resumeToken(): string {
    return toExportToken(this.#scope, this.#position);
  }

  /** One page at least, if it is an empty one. */
  async *pages(): AsyncGenerator<ExportPage> {
    this.#remaining = await this.#size();
    let pages = 0;
    for await (const organizationId of this.#organizations()) {
      const upTo = await guarded(() => this.#history.lastVersion(organizationId));
      while (this.#position.version < upTo) {
        const range = { after: this.#position.version, upTo, limit: PAGE_ROWS };
        const transactions = await guarded(() => this.#history.transactions(organizationId, range));
        this.#position = { organizationId, version: transactions.at(-1)?.version ?? upTo };
        pages += 1;
        yield this.#page(transactions);
      }
    }
    if (pages === 0) yield this.#page([]);
  }

  /** Those that are left, with the position at each one's beginning but for the one it is in. */
  async *#organizations(): AsyncGenerator<string> {
    const { organizationId: last } = this.#position;
    if (this.#scope !== "") {
      this.#position = { organizationId: this.#scope, version: this.#position.version };
      yield this.#scope;
      return;
    }
    if (last !== "") yield last;
    const next = (after: string) => guarded(() => this.#walk.next(after));
    for (let id = await next(last); id !== undefined; id = await next(id)) {
      this.#position = { organizationId: id, version: 0n };
      yield id;
    }
  }

  async #size(): Promise<bigint> {
    const from = this.#position.organizationId;
    const scope = this.#scope === "" ? { from } : { organizationId: this.#scope };
    const { transactions } = await guarded(() => this.#walk.size(scope));
    return transactions - this.#position.version;
  }

  #page(transactions: readonly SealedTransaction[]): ExportPage {
    const left = this.#remaining - BigInt(transactions.length);
    this.#remaining = left > 0n ? left : 0n;
    return { transactions, resumeToken: this.resumeToken, remaining: this.#remaining };
  }
}
