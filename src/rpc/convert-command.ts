import type { Duration } from "@bufbuild/protobuf/wkt";
import type {
  BatchReserveCreditsRequest,
  ChargeCreditsRequest,
  ExtendReservationRequest,
  RefundReservationRequest,
  ReleaseReservationRequest,
  ReleaseRunRequest,
  ReserveCreditsRequest,
  SettleReservationRequest,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import type { CreateGrantRequest, VoidGrantRequest } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import type { SpendContext as ProtoSpendContext } from "../../gen/pleyor/credits/v1/spend_context_pb.ts";
import type {
  BatchReserveCredits,
  ChargeCredits,
  CreateGrant,
  ExtendReservation,
  RefundReservation,
  ReleaseReservation,
  ReleaseRun,
  ReserveCredits,
  ReserveItem,
  SettleReservation,
  VoidGrant,
} from "../domain/ledger/command.ts";
import { TIME_TO_LIVE_DEFAULT } from "../domain/ledger/reservation.ts";
import { fromProtoSpendContext, fromProtoUuid } from "./convert-context.ts";
import { fromProtoGrantKind } from "./convert-enum.ts";
import { fromProtoDuration, fromProtoTimestamp } from "./convert-time.ts";

type Cost = Readonly<{ case: "amountMicros"; value: bigint }> | Readonly<{ case: undefined }>;
type ProtoItem = Readonly<{
  cost: Cost;
  context?: ProtoSpendContext | undefined;
  timeToLive?: Duration | undefined;
}>;

export function fromProtoReserveCredits(request: ReserveCreditsRequest): ReserveCredits {
  return { kind: "reserveCredits", ...fromProtoItem(request, "time_to_live") };
}

export function fromProtoBatchReserveCredits({ items }: BatchReserveCreditsRequest): BatchReserveCredits {
  return {
    kind: "batchReserveCredits",
    items: items.map((item, index) => fromProtoItem(item, `items[${index}].time_to_live`)),
  };
}

export function fromProtoSettleReservation(request: SettleReservationRequest): SettleReservation {
  return {
    kind: "settleReservation",
    reservationId: fromProtoUuid(request.reservationId),
    amountMicros: fromProtoCost(request.cost),
  };
}

export function fromProtoReleaseReservation(request: ReleaseReservationRequest): ReleaseReservation {
  return { kind: "releaseReservation", reservationId: fromProtoUuid(request.reservationId) };
}

export function fromProtoReleaseRun({ runId }: ReleaseRunRequest): ReleaseRun {
  return { kind: "releaseRun", runId };
}

export function fromProtoExtendReservation(request: ExtendReservationRequest): ExtendReservation {
  const { timeToLive } = request;
  return {
    kind: "extendReservation",
    reservationId: fromProtoUuid(request.reservationId),
    timeToLive: timeToLive && fromProtoDuration(timeToLive, "time_to_live"),
    additionalAmountMicros: request.additionalAmountMicros,
  };
}

export function fromProtoChargeCredits(request: ChargeCreditsRequest): ChargeCredits {
  return {
    kind: "chargeCredits",
    amountMicros: fromProtoCost(request.cost),
    context: fromProtoSpendContext(request.context),
    allowDebt: request.allowDebt,
  };
}

export function fromProtoRefundReservation(request: RefundReservationRequest): RefundReservation {
  return {
    kind: "refundReservation",
    reservationId: fromProtoUuid(request.reservationId),
    amountMicros: request.amountMicros,
    reason: request.reason,
  };
}

export function fromProtoCreateGrant(request: CreateGrantRequest): CreateGrant {
  const { expireTime } = request;
  return {
    kind: "createGrant",
    grantKind: fromProtoGrantKind(request.kind),
    amountMicros: request.amountMicros,
    expireTime: expireTime && fromProtoTimestamp(expireTime, "expire_time"),
    reference: request.reference,
  };
}

export function fromProtoVoidGrant(request: VoidGrantRequest): VoidGrant {
  return {
    kind: "voidGrant",
    grantId: fromProtoUuid(request.grantId),
    spentBecomesDebt: request.spentBecomesDebt,
    reason: request.reason,
  };
}

function fromProtoItem({ cost, context, timeToLive }: ProtoItem, timeToLiveField: string): ReserveItem {
  return {
    amountMicros: fromProtoCost(cost),
    context: fromProtoSpendContext(context),
    timeToLive: timeToLive ? fromProtoDuration(timeToLive, timeToLiveField) : TIME_TO_LIVE_DEFAULT,
  };
}

function fromProtoCost(cost: Cost): bigint {
  if (cost.case === undefined) {
    // Never read as zero (R-AMT-4); the oneof's rule lets no absent cost pass.
    throw new Error("a request without a cost passed validation");
  }
  return cost.value;
}
