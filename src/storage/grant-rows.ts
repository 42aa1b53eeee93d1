import { type Kysely, sql } from "kysely";
import { type Grant, type GrantKind, isOpen } from "../domain/ledger/grant.ts";
import { type BulkColumn, bulkInsert, bulkUpdate, columnsOf } from "./bulk.ts";
import { keyRows } from "./key-rows.ts";
import type { Key } from "./named.ts";
import type { Write } from "./pipeline.ts";
import { fromRowTime, fromRowTimeOrNull } from "./timestamp.ts";

/** A grant and whose it is. */
export type OwnedGrant = Readonly<{ organizationId: string; grant: Grant }>;

export type GrantRow = Readonly<{
  organization_id: string;
  grant_id: string;
  kind: GrantKind;
  amount_micros: string;
  free_micros: string;
  held_micros: string;
  consumed_micros: string;
  expired_micros: string;
  voided_micros: string;
  create_time: string;
  expire_time: string | null;
  reference: string;
  version: string;
  voided: boolean;
  spent_becomes_debt: boolean;
}>;

type Column = BulkColumn<OwnedGrant>;

const KEYS: readonly Column[] = [
  { name: "organization_id", array: "text", value: (row) => row.organizationId },
  { name: "grant_id", array: "uuid", value: (row) => row.grant.grantId },
];

const CHANGING: readonly Column[] = [
  { name: "free_micros", array: "bigint", value: (row) => row.grant.freeMicros },
  { name: "held_micros", array: "bigint", value: (row) => row.grant.heldMicros },
  { name: "consumed_micros", array: "bigint", value: (row) => row.grant.consumedMicros },
  { name: "expired_micros", array: "bigint", value: (row) => row.grant.expiredMicros },
  { name: "voided_micros", array: "bigint", value: (row) => row.grant.voidedMicros },
  // Whether anything of it is free or held: what a decision has to load.
  { name: "open", array: "boolean", value: (row) => isOpen(row.grant) },
  { name: "voided", array: "boolean", value: (row) => row.grant.voided },
  { name: "spent_becomes_debt", array: "boolean", value: (row) => row.grant.spentBecomesDebt },
];

const FIXED: readonly Column[] = [
  { name: "kind", array: "text", value: (row) => row.grant.kind },
  { name: "amount_micros", array: "bigint", value: (row) => row.grant.amountMicros },
  { name: "create_time", array: "timestamptz", value: (row) => row.grant.createTime },
  { name: "expire_time", array: "timestamptz", value: (row) => row.grant.expireTime ?? null },
  { name: "reference", array: "text", value: (row) => row.grant.reference },
  { name: "version", array: "bigint", value: (row) => row.grant.version },
];

export const GRANT_COLUMNS: readonly Column[] = [...KEYS, ...CHANGING, ...FIXED];

export function grantInsert(rows: readonly OwnedGrant[]): Write {
  return bulkInsert("grants", GRANT_COLUMNS, rows);
}

/**
 * Grants change with almost every command, so they are written by one statement like transactions and reservations
 * are, not as entities: 300 of them took 18 ms of CPU to find, change and flush, 60 us each.
 */
export function grantUpdate(rows: readonly OwnedGrant[]): Write {
  return bulkUpdate("grants", KEYS, CHANGING, rows);
}

/** Those of which anything is free or held. */
export async function selectOpenGrants(
  database: Kysely<unknown>,
  organizationIds: readonly string[],
): Promise<readonly OwnedGrant[]> {
  if (organizationIds.length === 0) return [];
  const { rows } = await sql<GrantRow>`
    select ${columnsOf("g", GRANT_COLUMNS)} from unnest(${organizationIds}::text[]) as k (o)
    join grants g on g.organization_id = k.o and g.open`.execute(database);
  return rows.map(fromRowOwnedGrant);
}

/** Those of these ids, whatever became of them. */
export async function selectGrants(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly OwnedGrant[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<GrantRow>`
    select ${columnsOf("g", GRANT_COLUMNS)} from ${keyRows(keys, "uuid")}
    join grants g on g.organization_id = k.o and g.grant_id = k.i`.execute(database);
  return rows.map(fromRowOwnedGrant);
}

/** Those of these references, likewise. */
export async function selectReferencedGrants(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly OwnedGrant[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<GrantRow>`
    select ${columnsOf("g", GRANT_COLUMNS)} from ${keyRows(keys, "text")}
    join grants g on g.organization_id = k.o and g.reference = k.i`.execute(database);
  return rows.map(fromRowOwnedGrant);
}

export function fromRowOwnedGrant(row: GrantRow): OwnedGrant {
  const grant: Grant = {
    grantId: row.grant_id,
    kind: row.kind,
    amountMicros: BigInt(row.amount_micros),
    freeMicros: BigInt(row.free_micros),
    heldMicros: BigInt(row.held_micros),
    consumedMicros: BigInt(row.consumed_micros),
    expiredMicros: BigInt(row.expired_micros),
    voidedMicros: BigInt(row.voided_micros),
    createTime: fromRowTime(row.create_time),
    expireTime: fromRowTimeOrNull(row.expire_time),
    reference: row.reference,
    version: BigInt(row.version),
    voided: row.voided,
    spentBecomesDebt: row.spent_becomes_debt,
  };
  return { organizationId: row.organization_id, grant };
}
