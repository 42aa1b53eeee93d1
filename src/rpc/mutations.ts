import {
  BatchReserveCreditsRequestSchema,
  ChargeCreditsRequestSchema,
  ExtendReservationRequestSchema,
  RefundReservationRequestSchema,
  ReleaseReservationRequestSchema,
  ReleaseRunRequestSchema,
  ReserveCreditsRequestSchema,
  SettleReservationRequestSchema,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import {
  CreateGrantRequestSchema,
  VoidGrantRequestSchema,
} from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import {
  fromProtoBatchReserveCredits,
  fromProtoChargeCredits,
  fromProtoCreateGrant,
  fromProtoExtendReservation,
  fromProtoRefundReservation,
  fromProtoReleaseReservation,
  fromProtoReleaseRun,
  fromProtoReserveCredits,
  fromProtoSettleReservation,
  fromProtoVoidGrant,
} from "./convert-command.ts";
import {
  toProtoBatchReserveCreditsResponse,
  toProtoChargeCreditsResponse,
  toProtoCreateGrantResponse,
  toProtoExtendReservationResponse,
  toProtoRefundReservationResponse,
  toProtoReleaseReservationResponse,
  toProtoReleaseRunResponse,
  toProtoReserveCreditsResponse,
  toProtoSettleReservationResponse,
  toProtoVoidGrantResponse,
} from "./convert-receipt.ts";
import { mutation } from "./mutation.ts";

// What each mutation converts from and to; ApplyBatch takes four of them as its operations.

export const reserveCredits = mutation(
  ReserveCreditsRequestSchema,
  fromProtoReserveCredits,
  toProtoReserveCreditsResponse,
);
export const batchReserveCredits = mutation(
  BatchReserveCreditsRequestSchema,
  fromProtoBatchReserveCredits,
  toProtoBatchReserveCreditsResponse,
);
export const settleReservation = mutation(
  SettleReservationRequestSchema,
  fromProtoSettleReservation,
  toProtoSettleReservationResponse,
);
export const releaseReservation = mutation(
  ReleaseReservationRequestSchema,
  fromProtoReleaseReservation,
  toProtoReleaseReservationResponse,
);
export const releaseRun = mutation(ReleaseRunRequestSchema, fromProtoReleaseRun, toProtoReleaseRunResponse);
export const extendReservation = mutation(
  ExtendReservationRequestSchema,
  fromProtoExtendReservation,
  toProtoExtendReservationResponse,
);
export const chargeCredits = mutation(
  ChargeCreditsRequestSchema,
  fromProtoChargeCredits,
  toProtoChargeCreditsResponse,
);
export const refundReservation = mutation(
  RefundReservationRequestSchema,
  fromProtoRefundReservation,
  toProtoRefundReservationResponse,
);
export const createGrant = mutation(
  CreateGrantRequestSchema,
  fromProtoCreateGrant,
  toProtoCreateGrantResponse,
);
export const voidGrant = mutation(VoidGrantRequestSchema, fromProtoVoidGrant, toProtoVoidGrantResponse);
