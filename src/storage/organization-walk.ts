import { type Kysely, sql } from "kysely";
import type { Orm } from "./orm.ts";

/** How much there is, as far as accounts tell. */
export type LedgerSize = Readonly<{ organizations: number; transactions: bigint }>;

/** The tables whose rows belong to an organization: one without an account has been damaged. */
const TABLES = [
  "accounts",
  "transactions",
  "grants",
  "reservations",
  "debts",
  "subscriptions",
  "usage_cursors",
  "usage_summaries",
  "usage_runs",
  "alerts",
  "alert_settings",
  "history_segments",
  "history_indexing",
] as const;

/** Walks through the organizations in the order of their ids, each look a statement of its own. */
export class OrganizationWalk {
  readonly #orm: Orm;

  constructor(orm: Orm) {
    this.#orm = orm;
  }

  /** The first organization after an id that has a row anywhere. */
  async next(after: string): Promise<string | undefined> {
    const firsts = TABLES.map(
      (table) => sql`(select organization_id as id from ${sql.table(table)}
        where organization_id > ${after} order by organization_id limit 1)`,
    );
    const { rows } = await sql<{ id: string | null }>`
      select min(id) as id from (${sql.join(firsts, sql` union all `)}) as firsts`.execute(this.#database);
    return rows[0]?.id ?? undefined;
  }

  /** Whether an organization has a row anywhere. */
  async has(organizationId: string): Promise<boolean> {
    const looks = TABLES.map(
      (table) => sql`exists (select from ${sql.table(table)} where organization_id = ${organizationId})`,
    );
    const { rows } = await sql<{ has: boolean }>`select ${sql.join(looks, sql` or `)} as has`.execute(
      this.#database,
    );
    return rows[0]?.has ?? false;
  }

  /** The size of the organizations from an id on, or of one. */
  async size(scope: Readonly<{ organizationId: string } | { from: string }>): Promise<LedgerSize> {
    const where =
      "from" in scope
        ? sql`organization_id >= ${scope.from}`
        : sql`organization_id = ${scope.organizationId}`;
    const { rows } = await sql<{ organizations: string; transactions: string }>`
      select count(*)::text as organizations, coalesce(sum(version), 0)::text as transactions
      from accounts where ${where}`.execute(this.#database);
    const [row] = rows;
    return { organizations: Number(row?.organizations ?? 0), transactions: BigInt(row?.transactions ?? 0) };
  }

  /** The unique indexes that keep requests and references from counting twice and that are not in force. */
  async missingIndexes(): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`
      select k.name from unnest(${[...UNIQUE_INDEXES]}::text[]) as k (name)
      left join pg_index i on i.indexrelid = to_regclass(k.name) and i.indisunique and i.indisvalid
      where i.indexrelid is null`.execute(this.#database);
    return rows.map(({ name }) => name);
  }

  get #database(): Kysely<unknown> {
    return this.#orm.em.fork().getKysely<unknown>();
  }
}

const UNIQUE_INDEXES = [
  "transactions_pkey",
  "transactions_request_once",
  "grants_pkey",
  "grants_organization_id_reference_key",
  "reservations_pkey",
  "debts_pkey",
] as const;
