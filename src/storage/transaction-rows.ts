import { type Kysely, sql } from "kysely";
import type { GrantBuckets, GrantKind, MadeGrant } from "../domain/ledger/grant.ts";
import type {
  CreditState,
  ListedTransaction,
  Movement,
  SealedTransaction,
  TransactionKind,
} from "../domain/ledger/transaction.ts";
import { type BulkColumn, bulkInsert } from "./bulk.ts";
import { CONTEXT_COLUMNS, type ContextRow, fromRowContext } from "./context-columns.ts";
import type { Write } from "./pipeline.ts";
import { fromJsonSubscription, toJsonText } from "./plan-json.ts";
import { fromRowPricing, PRICING_COLUMNS, type PricingRow } from "./pricing-columns.ts";
import { fromRowTime, fromRowTimeOrNull } from "./timestamp.ts";

/** Amounts and versions are text: JSON numbers are not exact. */
type MovementRow = [
  grantId: string | null,
  from: CreditState,
  to: CreditState,
  micros: string,
  debt: string | null,
];
type MadeGrantRow = [
  grantId: string,
  kind: GrantKind,
  micros: string,
  expireTime: string | null,
  reference: string,
];
type BucketsRow = [free: string, held: string, consumed: string, expired: string, voided: string];

export type TransactionRow = ContextRow &
  PricingRow &
  Readonly<{
    organization_id: string;
    version: string;
    kind: TransactionKind;
    effective_time: string;
    record_time: string;
    request_id: string | null;
    fingerprint: Buffer | null;
    request_ordinal: number;
    actor: string;
    reservation_id: string | null;
    grant_id: string | null;
    grant_kind: GrantKind | null;
    amount_micros: string;
    expire_time: string | null;
    late: boolean | null;
    spent_becomes_debt: boolean | null;
    reference: string | null;
    request_reference: string | null;
    movements: MovementRow[];
    subscription_micros: string;
    promotional_micros: string;
    purchased_micros: string;
    reserved_micros: string;
    debt_micros: string;
    grant_after: BucketsRow | null;
    made: MadeGrantRow[] | null;
    subscription: object | null;
    hash: Buffer;
  }>;

/** All of them: whoever writes transactions by other means than `transactionInsert` leaves none out. */
export const TRANSACTION_COLUMNS: readonly BulkColumn<SealedTransaction>[] = [
  { name: "organization_id", array: "text", value: (t) => t.organizationId },
  { name: "version", array: "bigint", value: (t) => t.version },
  { name: "kind", array: "text", value: (t) => t.kind },
  { name: "effective_time", array: "timestamptz", value: (t) => t.effectiveTime },
  { name: "record_time", array: "timestamptz", value: (t) => t.recordTime },
  { name: "request_id", array: "uuid", value: (t) => t.requestId ?? null },
  { name: "fingerprint", array: "bytea", value: (t) => t.fingerprint ?? null },
  { name: "request_ordinal", array: "integer", value: (t) => t.requestOrdinal },
  { name: "actor", array: "text", value: (t) => t.actor },
  { name: "reservation_id", array: "uuid", value: (t) => t.reservationId ?? null },
  { name: "grant_id", array: "uuid", value: (t) => t.grantId ?? null },
  { name: "grant_kind", array: "text", value: (t) => t.grantKind ?? null },
  { name: "amount_micros", array: "bigint", value: (t) => t.amountMicros },
  { name: "expire_time", array: "timestamptz", value: (t) => t.expireTime ?? null },
  { name: "late", array: "boolean", value: (t) => t.late ?? null },
  { name: "spent_becomes_debt", array: "boolean", value: (t) => t.spentBecomesDebt ?? null },
  { name: "reference", array: "text", value: (t) => t.reference ?? null },
  { name: "request_reference", array: "text", value: (t) => t.requestReference ?? null },
  ...CONTEXT_COLUMNS,
  ...PRICING_COLUMNS,
  {
    name: "movements",
    array: "jsonb",
    value: (t) => JSON.stringify(t.movements.map(toRowMovement)),
  },
  { name: "subscription_micros", array: "bigint", value: (t) => t.balance.subscriptionMicros },
  { name: "promotional_micros", array: "bigint", value: (t) => t.balance.promotionalMicros },
  { name: "purchased_micros", array: "bigint", value: (t) => t.balance.purchasedMicros },
  { name: "reserved_micros", array: "bigint", value: (t) => t.balance.reservedMicros },
  { name: "debt_micros", array: "bigint", value: (t) => t.balance.debtMicros },
  {
    name: "grant_after",
    array: "jsonb",
    value: (t) => (t.grantAfter ? toRowBuckets(t.grantAfter) : null),
  },
  {
    name: "made",
    array: "jsonb",
    value: (t) => (t.made ? JSON.stringify(t.made.map(toRowMadeGrant)) : null),
  },
  {
    name: "subscription",
    array: "jsonb",
    value: (t) => (t.subscriptionAfter ? toJsonText(t.subscriptionAfter) : null),
  },
  { name: "hash", array: "bytea", value: (t) => t.hash },
];

export function transactionInsert(rows: readonly SealedTransaction[]): Write {
  return bulkInsert("transactions", TRANSACTION_COLUMNS, rows);
}

/** The columns of a listed one. */
export type ListedRow = Omit<TransactionRow, "fingerprint" | "grant_after">;

export const LISTED_COLUMNS = TRANSACTION_COLUMNS.filter(
  ({ name }) => name !== "fingerprint" && name !== "grant_after",
);

/** The transactions of these versions that there are, in order. */
export async function selectTransactions(
  database: Kysely<unknown>,
  organizationId: string,
  versions: readonly bigint[],
): Promise<readonly SealedTransaction[]> {
  if (versions.length === 0) return [];
  const { rows } = await sql<TransactionRow>`
    select t.* from unnest(${versions.map(String)}::bigint[]) as k (v)
    join transactions t on t.organization_id = ${organizationId} and t.version = k.v
    order by t.version`.execute(database);
  return rows.map(fromRowTransaction);
}

export function fromRowTransaction(row: TransactionRow): SealedTransaction {
  return {
    ...fromRowListed(row),
    fingerprint: row.fingerprint?.toString("hex"),
    grantAfter: row.grant_after === null ? undefined : fromRowBuckets(row.grant_after),
  };
}

export function fromRowListed(row: ListedRow): ListedTransaction {
  return {
    organizationId: row.organization_id,
    version: BigInt(row.version),
    kind: row.kind,
    effectiveTime: fromRowTime(row.effective_time),
    recordTime: fromRowTime(row.record_time),
    requestId: row.request_id ?? undefined,
    requestOrdinal: row.request_ordinal,
    actor: row.actor,
    ...fromRowSubject(row),
    amountMicros: BigInt(row.amount_micros),
    movements: row.movements.map(fromRowMovement),
    balance: {
      subscriptionMicros: BigInt(row.subscription_micros),
      promotionalMicros: BigInt(row.promotional_micros),
      purchasedMicros: BigInt(row.purchased_micros),
      reservedMicros: BigInt(row.reserved_micros),
      debtMicros: BigInt(row.debt_micros),
    },
    hash: row.hash.toString("hex"),
  };
}

/** What does not apply to the kind is left out, as it was when the transaction was decided. */
function fromRowSubject(row: ListedRow) {
  const expireTime = fromRowTimeOrNull(row.expire_time);
  const aboutSpending = row.reservation_id !== null || row.run_id !== null;
  return {
    ...(row.reservation_id === null ? {} : { reservationId: row.reservation_id }),
    ...(row.grant_id === null ? {} : { grantId: row.grant_id }),
    ...(row.grant_kind === null ? {} : { grantKind: row.grant_kind }),
    ...(expireTime === undefined ? {} : { expireTime }),
    ...(row.late === null ? {} : { late: row.late }),
    ...(row.spent_becomes_debt === null ? {} : { spentBecomesDebt: row.spent_becomes_debt }),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.request_reference === null ? {} : { requestReference: row.request_reference }),
    ...(row.made === null ? {} : { made: row.made.map(fromRowMadeGrant) }),
    ...(row.subscription === null ? {} : { subscriptionAfter: fromJsonSubscription(row.subscription) }),
    ...(aboutSpending ? { context: fromRowContext(row) } : {}),
    ...fromRowPricing(row),
  };
}

function toRowMovement({ grantId, from, to, amountMicros, debtVersion }: Movement): MovementRow {
  return [
    grantId ?? null,
    from,
    to,
    String(amountMicros),
    debtVersion === undefined ? null : String(debtVersion),
  ];
}

function fromRowMovement([grantId, from, to, micros, debt]: MovementRow): Movement {
  const debtVersion = debt === null ? undefined : BigInt(debt);
  return { grantId: grantId ?? undefined, from, to, amountMicros: BigInt(micros), debtVersion };
}

/** Times are whole microseconds, as in what is hashed. */
function toRowMadeGrant({ grantId, kind, amountMicros, expireTime, reference }: MadeGrant): MadeGrantRow {
  return [
    grantId,
    kind,
    String(amountMicros),
    expireTime === undefined ? null : String(expireTime),
    reference,
  ];
}

function fromRowMadeGrant([grantId, kind, micros, expireTime, reference]: MadeGrantRow): MadeGrant {
  const expires = expireTime === null ? undefined : BigInt(expireTime);
  return { grantId, kind, amountMicros: BigInt(micros), expireTime: expires, reference };
}

function toRowBuckets(buckets: GrantBuckets): string {
  const { freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros } = buckets;
  return JSON.stringify([freeMicros, heldMicros, consumedMicros, expiredMicros, voidedMicros].map(String));
}

function fromRowBuckets([free, held, consumed, expired, voided]: BucketsRow): GrantBuckets {
  return {
    freeMicros: BigInt(free),
    heldMicros: BigInt(held),
    consumedMicros: BigInt(consumed),
    expiredMicros: BigInt(expired),
    voidedMicros: BigInt(voided),
  };
}
