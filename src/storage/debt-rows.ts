import { type Kysely, sql } from "kysely";
import type { Debt } from "../domain/ledger/debt.ts";
import type { Write } from "./pipeline.ts";

export type OwnedDebt = Readonly<{ organizationId: string; debt: Debt }>;

export type DebtRow = Readonly<{
  organization_id: string;
  version: string;
  incurred_micros: string;
  paid_micros: string;
}>;

/** What is still owed. */
export async function selectOwedDebts(
  database: Kysely<unknown>,
  organizationIds: readonly string[],
): Promise<readonly OwnedDebt[]> {
  if (organizationIds.length === 0) return [];
  const { rows } = await sql<DebtRow>`
    select d.* from unnest(${organizationIds}::text[]) as k (o)
    join debts d on d.organization_id = k.o and d.paid_micros < d.incurred_micros`.execute(database);
  return rows.map((row) => ({ organizationId: row.organization_id, debt: fromRowDebt(row) }));
}

export function fromRowDebt({ version, incurred_micros, paid_micros }: DebtRow): Debt {
  return {
    version: BigInt(version),
    incurredMicros: BigInt(incurred_micros),
    paidMicros: BigInt(paid_micros),
  };
}

export function debtUpsert(database: Kysely<unknown>, rows: readonly OwnedDebt[]): Write {
  if (rows.length === 0) return undefined;
  return sql`
    insert into debts (organization_id, version, incurred_micros, paid_micros)
    select * from unnest(
      ${rows.map((row) => row.organizationId)}::text[],
      ${rows.map((row) => String(row.debt.version))}::bigint[],
      ${rows.map((row) => String(row.debt.incurredMicros))}::bigint[],
      ${rows.map((row) => String(row.debt.paidMicros))}::bigint[])
    on conflict (organization_id, version) do update
    set incurred_micros = excluded.incurred_micros, paid_micros = excluded.paid_micros`.compile(database);
}
