import { type Kysely, type RawBuilder, sql } from "kysely";
import type { GrantShare } from "../domain/ledger/grant.ts";
import type { Reservation, ReservationState } from "../domain/ledger/reservation.ts";
import type { Time } from "../domain/time.ts";
import { type BulkColumn, bulkInsert, bulkUpdate, columnsOf } from "./bulk.ts";
import { CONTEXT_COLUMNS, type ContextRow, fromRowContext } from "./context-columns.ts";
import { keyRows } from "./key-rows.ts";
import type { Key } from "./named.ts";
import type { Write } from "./pipeline.ts";
import { fromRowPricing, PRICING_COLUMNS, type PricingRow } from "./pricing-columns.ts";
import { fromRowTime, fromRowTimeOrNull, toRowTime } from "./timestamp.ts";

/** A reservation and whose it is. */
export type OwnedReservation = Readonly<{ organizationId: string; reservation: Reservation }>;

/** A grant's id and how much of it, in microcredits as text: JSON numbers are not exact. */
type ShareRow = [grantId: string, amountMicros: string];

export type ReservationRow = ContextRow &
  PricingRow &
  Readonly<{
    organization_id: string;
    reservation_id: string;
    state: ReservationState;
    amount_micros: string;
    holds: ShareRow[];
    settled_micros: string | null;
    payments: ShareRow[];
    debt_micros: string;
    refunded_micros: string;
    late: boolean;
    create_time: string;
    expire_time: string;
    end_time: string | null;
    end_version: string | null;
    versions: string[];
  }>;

type Column = BulkColumn<OwnedReservation>;

const KEYS: readonly Column[] = [
  { name: "organization_id", array: "text", value: (row) => row.organizationId },
  { name: "reservation_id", array: "uuid", value: (row) => row.reservation.reservationId },
];

const CHANGING: readonly Column[] = [
  { name: "state", array: "text", value: (row) => row.reservation.state },
  { name: "amount_micros", array: "bigint", value: (row) => row.reservation.amountMicros },
  { name: "holds", array: "jsonb", value: (row) => toRowShares(row.reservation.holds) },
  { name: "settled_micros", array: "bigint", value: (row) => row.reservation.settledMicros ?? null },
  { name: "payments", array: "jsonb", value: (row) => toRowShares(row.reservation.payments) },
  { name: "debt_micros", array: "bigint", value: (row) => row.reservation.debtMicros },
  { name: "refunded_micros", array: "bigint", value: (row) => row.reservation.refundedMicros },
  { name: "late", array: "boolean", value: (row) => row.reservation.late },
  { name: "expire_time", array: "timestamptz", value: (row) => row.reservation.expireTime },
  { name: "end_time", array: "timestamptz", value: (row) => row.reservation.endTime ?? null },
  { name: "end_version", array: "bigint", value: (row) => row.reservation.endVersion ?? null },
  {
    name: "versions",
    array: "text",
    cast: "bigint[]",
    value: (row) => `{${row.reservation.versions.join(",")}}`,
  },
];

const FIXED: readonly Column[] = [
  { name: "create_time", array: "timestamptz", value: (row) => row.reservation.createTime },
  ...[...CONTEXT_COLUMNS, ...PRICING_COLUMNS].map((column) => ({
    ...column,
    value: (row: OwnedReservation) => column.value(row.reservation),
  })),
];

/** All of them: whoever writes reservations by other means than `reservationInsert` leaves none out. */
export const RESERVATION_COLUMNS: readonly Column[] = [...KEYS, ...CHANGING, ...FIXED];

export function reservationInsert(rows: readonly OwnedReservation[]): Write {
  return bulkInsert("reservations", RESERVATION_COLUMNS, rows);
}

export function reservationUpdate(rows: readonly OwnedReservation[]): Write {
  return bulkUpdate("reservations", KEYS, CHANGING, rows);
}

/** The reservations of these ids. */
export async function selectReservations(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly OwnedReservation[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<ReservationRow>`
    select ${columnsOf("r", RESERVATION_COLUMNS)} from ${keyRows(keys, "uuid")}
    join reservations r on r.organization_id = k.o and r.reservation_id = k.i`.execute(database);
  return rows.map(fromRowOwnedReservation);
}

/**
 * The reservations `r` of runs, each of which is named once, found by the change that began each: runs of changes are
 * indexed for history. To index those of reservations too would be written twice for each, as the row of one that ends
 * needs new entries everywhere: PostgreSQL took 6 us of 61 more for a call, and 5 % fewer calls were done. So it takes 2.5 us
 * for each that a run ever had, ended or not, instead of 0.4.
 *
 * The fence of `offset 0` keeps conditions on `r` out of how they are found: where few are held, that would begin with all
 * that are held by anybody.
 */
export function reservationsOfRuns(keys: readonly Key[]): RawBuilder<unknown> {
  return sql`${keyRows(keys, "text")}
    join transactions t on t.organization_id = k.o and t.run_id = k.i and t.kind in ('RESERVE', 'CHARGE')
    cross join lateral (select * from reservations
      where organization_id = t.organization_id and reservation_id = t.reservation_id offset 0) r`;
}

/** What the runs still hold. */
export async function selectHeldOfRuns(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly OwnedReservation[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<ReservationRow>`
    select ${columnsOf("r", RESERVATION_COLUMNS)} from ${reservationsOfRuns(keys)}
    where r.state = 'HELD'`.execute(database);
  return rows.map(fromRowOwnedReservation);
}

/**
 * The earliest holds that have run out by each organization's time, so many of each;
 * those of one moment stay together.
 */
export async function selectDueHolds(
  database: Kysely<unknown>,
  times: ReadonlyMap<string, Time>,
  most: number,
): Promise<readonly OwnedReservation[]> {
  const { rows } = await sql<ReservationRow>`
    select ${columnsOf("r", RESERVATION_COLUMNS)} from ${unnestedTimes(times)} cross join lateral (
      select * from reservations where organization_id = k.o and state = 'HELD' and expire_time <= k.t
      order by expire_time fetch first ${most} rows with ties) r`.execute(database);
  return rows.map(fromRowOwnedReservation);
}

/** When the next hold runs out after each organization's time, of those that have one. */
export async function selectNextHoldExpiry(
  database: Kysely<unknown>,
  times: ReadonlyMap<string, Time>,
): Promise<ReadonlyMap<string, Time>> {
  const { rows } = await sql<{ o: string; next: string | null }>`
    select k.o, (select min(expire_time) from reservations
      where organization_id = k.o and state = 'HELD' and expire_time > k.t) as next
    from ${unnestedTimes(times)}`.execute(database);
  return new Map(rows.flatMap(({ o, next }) => (next === null ? [] : [[o, fromRowTime(next)] as const])));
}

function unnestedTimes(times: ReadonlyMap<string, Time>): RawBuilder<unknown> {
  const organizationIds = [...times.keys()];
  return sql`unnest(${organizationIds}::text[], ${[...times.values()].map(toRowTime)}::timestamptz[]) as k (o, t)`;
}

export function fromRowOwnedReservation(row: ReservationRow): OwnedReservation {
  const reservation: Reservation = {
    reservationId: row.reservation_id,
    state: row.state,
    amountMicros: BigInt(row.amount_micros),
    holds: row.holds.map(fromRowShare),
    settledMicros: row.settled_micros === null ? undefined : BigInt(row.settled_micros),
    payments: row.payments.map(fromRowShare),
    debtMicros: BigInt(row.debt_micros),
    refundedMicros: BigInt(row.refunded_micros),
    late: row.late,
    createTime: fromRowTime(row.create_time),
    expireTime: fromRowTime(row.expire_time),
    endTime: fromRowTimeOrNull(row.end_time),
    endVersion: row.end_version === null ? undefined : BigInt(row.end_version),
    context: fromRowContext(row),
    ...fromRowPricing(row),
    versions: row.versions.map(BigInt),
  };
  return { organizationId: row.organization_id, reservation };
}

function toRowShares(shares: readonly GrantShare[]): string {
  return JSON.stringify(shares.map(({ grantId, amountMicros }) => [grantId, String(amountMicros)]));
}

function fromRowShare([grantId, amountMicros]: ShareRow): GrantShare {
  return { grantId, amountMicros: BigInt(amountMicros) };
}
