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
import { fromProtoMeteredCall, fromProtoModelCall, ofModel } from "./convert-model-call.ts";
import { fromProtoDuration, fromProtoTimestamp } from "./convert-time.ts";

type ProtoItem = Readonly<{
  cost: ReserveCreditsRequest["cost"];
  context?: ProtoSpendContext | undefined;
  timeToLive?: Duration | undefined;
}>;

export function fromProtoReserveCredits(request: ReserveCreditsRequest): ReserveCredits {
  return { kind: "reserveCredits", ...fromProtoItem(request, "") };
}

export function fromProtoBatchReserveCredits({ items }: BatchReserveCreditsRequest): BatchReserveCredits {
  return {
    kind: "batchReserveCredits",
    items: items.map((item, index) => fromProtoItem(item, `items[${index}].`)),
  };
}

export function fromProtoSettleReservation(request: SettleReservationRequest): SettleReservation {
  const { cost } = request;
  const command = {
    kind: "settleReservation",
    reservationId: fromProtoUuid(request.reservationId),
  } as const;
  if (cost.case === "usage") return { ...command, usage: cost.value.measures };
  return { ...command, amountMicros: cost.case === undefined ? noCost() : cost.value };
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
  const { cost, allowDebt } = request;
  const context = fromProtoSpendContext(request.context);
  if (cost.case === "metered") {
    const metered = fromProtoMeteredCall(cost.value, "metered.");
    const priced = ofModel(context, metered.modelId, "context");
    return { kind: "chargeCredits", metered, context: priced, allowDebt };
  }
  const amountMicros = cost.case === undefined ? noCost() : cost.value;
  return { kind: "chargeCredits", amountMicros, context, allowDebt };
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

/** `place` is where the item is in its request, with the dot after it, for errors to name. */
function fromProtoItem({ cost, context, timeToLive }: ProtoItem, place: string): ReserveItem {
  const item = {
    context: fromProtoSpendContext(context),
    timeToLive: timeToLive ? fromProtoDuration(timeToLive, `${place}time_to_live`) : TIME_TO_LIVE_DEFAULT,
  };
  if (cost.case === "price") {
    const call = fromProtoModelCall(cost.value, `${place}price.`);
    return { ...item, call, context: ofModel(item.context, call.modelId, `${place}context`) };
  }
  return { ...item, amountMicros: cost.case === undefined ? noCost() : cost.value };
}

/** Never read as zero (R-AMT-4); the oneof's rule lets no absent cost pass. */
function noCost(): never {
  throw new Error("a request without a cost passed validation");
}
