import {
  type Reservation as ProtoReservation,
  ReservationState as ProtoReservationState,
} from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { type Reservation, versionOf } from "../domain/ledger/reservation.ts";
import { toProtoSpendContext } from "./convert-context.ts";
import { toProtoGrantShare } from "./convert-grant.ts";
import { toProtoPricing } from "./convert-model-call.ts";
import { toProtoTimestamp } from "./convert-time.ts";

export function toProtoReservation(organizationId: string, reservation: Reservation): ProtoReservation {
  const { settledMicros, endTime, pricing } = reservation;
  const proto: ProtoReservation = {
    $typeName: "pleyor.credits.v1.Reservation",
    organizationId,
    reservationId: reservation.reservationId,
    state: ProtoReservationState[reservation.state],
    amountMicros: reservation.amountMicros,
    debtMicros: reservation.debtMicros,
    refundedMicros: reservation.refundedMicros,
    late: reservation.late,
    createTime: toProtoTimestamp(reservation.createTime),
    expireTime: toProtoTimestamp(reservation.expireTime),
    context: toProtoSpendContext(reservation.context),
    holds: reservation.holds.map(toProtoGrantShare),
    payments: reservation.payments.map(toProtoGrantShare),
    version: versionOf(reservation),
    rateCardVersion: pricing?.rateCardVersion ?? 0n,
  };
  if (settledMicros !== undefined) proto.settledMicros = settledMicros;
  if (endTime !== undefined) proto.endTime = toProtoTimestamp(endTime);
  if (pricing !== undefined) proto.pricing = toProtoPricing(pricing);
  return proto;
}
