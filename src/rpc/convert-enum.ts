import {
  GrantKind as ProtoGrantKind,
  GrantState as ProtoGrantState,
} from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { ReservationState as ProtoReservationState } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { BillingPeriod as ProtoBillingPeriod } from "../../gen/pleyor/credits/v1/subscription_pb.ts";
import { LimitKind as ProtoLimitKind } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { TransactionKind as ProtoTransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { GrantKind, GrantState } from "../domain/ledger/grant.ts";
import type { ReservationState } from "../domain/ledger/reservation.ts";
import type { TransactionKind } from "../domain/ledger/transaction.ts";
import type { BillingPeriod, LimitKind } from "../domain/plans/plan.ts";

// The other direction needs no function: the generated object is the table, as in ProtoGrantKind[kind].
// That each side has every name of the other is checked by the types here and there.

const GRANT_KINDS = namesByNumber(ProtoGrantKind);
const GRANT_STATES = namesByNumber(ProtoGrantState);
const RESERVATION_STATES = namesByNumber(ProtoReservationState);
const TRANSACTION_KINDS = namesByNumber(ProtoTransactionKind);
const BILLING_PERIODS = namesByNumber(ProtoBillingPeriod);
const LIMIT_KINDS = namesByNumber(ProtoLimitKind);

export function fromProtoGrantKind(kind: ProtoGrantKind): GrantKind {
  return nameOf(GRANT_KINDS, kind);
}

export function fromProtoGrantState(state: ProtoGrantState): GrantState {
  return nameOf(GRANT_STATES, state);
}

export function fromProtoReservationState(state: ProtoReservationState): ReservationState {
  return nameOf(RESERVATION_STATES, state);
}

export function fromProtoTransactionKind(kind: ProtoTransactionKind): TransactionKind {
  return nameOf(TRANSACTION_KINDS, kind);
}

export function fromProtoBillingPeriod(period: ProtoBillingPeriod): BillingPeriod {
  return nameOf(BILLING_PERIODS, period);
}

export function fromProtoLimitKind(kind: ProtoLimitKind): LimitKind {
  return nameOf(LIMIT_KINDS, kind);
}

function namesByNumber<Name extends string>(
  enumeration: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Exclude<Name, "UNSPECIFIED">> {
  const entries = Object.entries(enumeration) as [Exclude<Name, "UNSPECIFIED">, number][];
  return new Map(entries.filter(([, number]) => number !== 0).map(([name, number]) => [number, name]));
}

function nameOf<Name>(names: ReadonlyMap<number, Name>, number: number): Name {
  const name = names.get(number);
  if (name === undefined) {
    // The fields' rules let only defined values pass.
    throw new Error(`an enum value ${number} passed validation`);
  }
  return name;
}
