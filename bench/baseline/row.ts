import type { Account } from "../../src/domain/ledger/account.ts";
import type { Grant, GrantShare } from "../../src/domain/ledger/grant.ts";
import { isOpen } from "../../src/domain/ledger/grant.ts";
import type { Reservation } from "../../src/domain/ledger/reservation.ts";
import type { SpendContext } from "../../src/domain/ledger/spend-context.ts";
import type { SealedTransaction } from "../../src/domain/ledger/transaction.ts";
import { toRowTime, toRowTimeOrNull } from "../../src/storage/timestamp.ts";

/** Rows by the names of their columns, as both baselines write them; a bigint is text, for drivers to pass on. */

export type TransactionInsert = ReturnType<typeof toRowTransaction>;
export type ReservationInsert = ReturnType<typeof toRowReservation>;
export type AccountUpdate = ReturnType<typeof toRowAccountUpdate>;
export type GrantUpdate = ReturnType<typeof toRowGrantUpdate>;

export function toRowTransaction(t: SealedTransaction) {
  return {
    organization_id: t.organizationId,
    version: String(t.version),
    kind: t.kind,
    effective_time: toRowTime(t.effectiveTime),
    record_time: toRowTime(t.recordTime),
    request_id: t.requestId ?? null,
    fingerprint: t.fingerprint === undefined ? null : Buffer.from(t.fingerprint, "hex"),
    request_ordinal: t.requestOrdinal,
    actor: t.actor,
    reservation_id: t.reservationId ?? null,
    amount_micros: String(t.amountMicros),
    expire_time: toRowTimeOrNull(t.expireTime),
    late: t.late ?? null,
    ...toRowContext(t.context ?? {}),
    movements: t.movements.map(({ grantId, from, to, amountMicros, debtVersion }) => [
      grantId ?? null,
      from,
      to,
      String(amountMicros),
      debtVersion === undefined ? null : String(debtVersion),
    ]),
    subscription_micros: String(t.balance.subscriptionMicros),
    promotional_micros: String(t.balance.promotionalMicros),
    purchased_micros: String(t.balance.purchasedMicros),
    reserved_micros: String(t.balance.reservedMicros),
    debt_micros: String(t.balance.debtMicros),
    hash: Buffer.from(t.hash, "hex"),
  };
}

export function toRowReservation(organizationId: string, reservation: Reservation) {
  return {
    organization_id: organizationId,
    reservation_id: reservation.reservationId,
    ...toRowReservationUpdate(reservation),
    create_time: toRowTime(reservation.createTime),
    ...toRowContext(reservation.context),
  };
}

export function toRowReservationUpdate(reservation: Reservation) {
  const { settledMicros, endVersion, versions } = reservation;
  return {
    state: reservation.state,
    amount_micros: String(reservation.amountMicros),
    holds: reservation.holds.map(toRowShare),
    settled_micros: settledMicros === undefined ? null : String(settledMicros),
    payments: reservation.payments.map(toRowShare),
    debt_micros: String(reservation.debtMicros),
    refunded_micros: String(reservation.refundedMicros),
    late: reservation.late,
    expire_time: toRowTime(reservation.expireTime),
    end_time: toRowTimeOrNull(reservation.endTime),
    end_version: endVersion === undefined ? null : String(endVersion),
    versions: `{${versions.join(",")}}`,
  };
}

export function toRowAccountUpdate({ version, updateTime, balance, nextDueTime }: Account, headHash: string) {
  return {
    version: String(version),
    update_time: toRowTime(updateTime),
    subscription_micros: String(balance.subscriptionMicros),
    promotional_micros: String(balance.promotionalMicros),
    purchased_micros: String(balance.purchasedMicros),
    reserved_micros: String(balance.reservedMicros),
    debt_micros: String(balance.debtMicros),
    next_due_time: toRowTimeOrNull(nextDueTime),
    head_hash: Buffer.from(headHash, "hex"),
  };
}

export function toRowGrantUpdate(grant: Grant) {
  return {
    free_micros: String(grant.freeMicros),
    held_micros: String(grant.heldMicros),
    consumed_micros: String(grant.consumedMicros),
    open: isOpen(grant),
  };
}

function toRowShare({ grantId, amountMicros }: GrantShare): [string, string] {
  return [grantId, String(amountMicros)];
}

function toRowContext(context: SpendContext) {
  return {
    run_id: context.runId ?? null,
    node_id: context.nodeId ?? null,
    agent_id: context.agentId ?? null,
    model_id: context.modelId ?? null,
  };
}
