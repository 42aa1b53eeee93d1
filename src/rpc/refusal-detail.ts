import { create, toBinary } from "@bufbuild/protobuf";
import {
  InsufficientCreditsSchema,
  type InsufficientCredits as ProtoInsufficientCredits,
  ReferenceReusedSchema,
  RequestIdReusedSchema,
  ReservationConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import {
  type Reservation as ProtoReservation,
  ReservationSchema,
} from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { FirstUse } from "../domain/ledger/ledger.ts";
import type { InsufficientCredits, ReferenceReused } from "../domain/ledger/refusal.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { Time } from "../domain/time.ts";
import { toProtoGrant } from "./convert-grant.ts";
import { toProtoPlan, toProtoTopUpPack } from "./convert-plan.ts";
import { toProtoReservation } from "./convert-reservation.ts";
import { toProtoTimestamp, toText } from "./convert-time.ts";
import { type Detail, detail } from "./problem.ts";

/** Errors travel in HTTP/2 trailers, of which common clients take 8 KB: base64 and the rest fit beside this. */
const RESERVATION_BYTES_MAX = 3_000;

export function insufficientCredits(refusal: Omit<InsufficientCredits, "reason">): Detail {
  return { desc: InsufficientCreditsSchema, value: toProtoInsufficientCredits(refusal) };
}

export function toProtoInsufficientCredits({
  availableMicros,
  requiredMicros,
  itemIndex,
  remedy,
}: Omit<InsufficientCredits, "reason">): ProtoInsufficientCredits {
  const shortfallMicros = requiredMicros - availableMicros;
  const proto = create(InsufficientCreditsSchema, { availableMicros, requiredMicros, shortfallMicros });
  if (itemIndex !== undefined) proto.itemIndex = itemIndex;
  if (remedy?.pack) proto.topUpPack = toProtoTopUpPack(remedy.pack);
  if (remedy?.plan) proto.plan = toProtoPlan(remedy.plan);
  if (remedy?.nextRefreshTime !== undefined) proto.nextRefreshTime = toProtoTimestamp(remedy.nextRefreshTime);
  return proto;
}

/** The publication of a rate card is no change of an organization, so it has no kind of one. */
type AnyFirstUse = Pick<FirstUse, "effectiveTime" | "versions"> & { kind: FirstUse["kind"] | "PUBLICATION" };

export function requestIdReused({ requestId, first }: { requestId: string; first: AnyFirstUse }): Detail {
  return detail(RequestIdReusedSchema, {
    requestId,
    kind: TransactionKind[first.kind === "PUBLICATION" ? "UNSPECIFIED" : first.kind],
    effectiveTime: toProtoTimestamp(first.effectiveTime),
    version: lastVersion(first),
  });
}

export function referenceReused(
  { grant, first }: ReferenceReused,
  { organizationId, now }: { organizationId: string; now: Time },
): Detail {
  if (grant) {
    const { version, createTime } = grant;
    const effectiveTime = toProtoTimestamp(createTime);
    return detail(ReferenceReusedSchema, {
      grant: toProtoGrant(organizationId, grant, now),
      effectiveTime,
      version,
    });
  }
  return detail(ReferenceReusedSchema, {
    kind: TransactionKind[first.kind],
    effectiveTime: toProtoTimestamp(first.effectiveTime),
    version: lastVersion(first),
  });
}

export function referenceReusedMetadata(refusal: ReferenceReused): Readonly<Record<string, string>> {
  if (refusal.grant) {
    const { reference, grantId, kind, amountMicros, createTime } = refusal.grant;
    const grant = { reference, grant_id: grantId, kind, amount_micros: String(amountMicros) };
    return { ...grant, create_time: toText(createTime) };
  }
  const { reference, first } = refusal;
  const { kind, effectiveTime } = first;
  return { reference, kind, effective_time: toText(effectiveTime), version: String(lastVersion(first)) };
}

export function reservationConflict(
  { reservation }: { reservation: Reservation },
  { organizationId }: { organizationId: string },
): Detail {
  const whole = toProtoReservation(organizationId, reservation);
  return detail(ReservationConflictSchema, { reservation: fitting(whole) });
}

/** The version that the first use of a request id led to. */
export function lastVersion({ versions }: Pick<FirstUse, "versions">): bigint {
  return versions.at(-1) ?? 0n;
}

/** A reservation that is too large for an error goes without its lists, which reading it gives. */
function fitting(reservation: ProtoReservation): ProtoReservation {
  if (toBinary(ReservationSchema, reservation).length > RESERVATION_BYTES_MAX) {
    reservation.holds = [];
    reservation.payments = [];
    if (reservation.context) reservation.context.labels = {};
    delete reservation.pricing;
  }
  return reservation;
}
