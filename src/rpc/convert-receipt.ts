import { create } from "@bufbuild/protobuf";
import type { Balance } from "../../gen/pleyor/credits/v1/balance_pb.ts";
import {
  type BatchReserveCreditsResponse,
  BatchReserveCreditsResponseSchema,
  type ChargeCreditsResponse,
  type ExtendReservationResponse,
  type RefundReservationResponse,
  type ReleaseReservationResponse,
  type ReleaseRunResponse,
  ReleaseRunResponseSchema,
  type ReserveCreditsResponse,
  type SettleReservationResponse,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import type { Grant } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import {
  type CreateGrantResponse,
  CreateGrantResponseSchema,
  type VoidGrantResponse,
  VoidGrantResponseSchema,
} from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import type { Reservation } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import type { Transaction } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import type { Receipt, Standing } from "../service/receipt.ts";
import { toProtoBalance } from "./convert-account.ts";
import { toProtoGrant } from "./convert-grant.ts";
import { toProtoReservation } from "./convert-reservation.ts";
import { toProtoTransaction } from "./convert-transaction.ts";

export function toProtoReserveCreditsResponse(receipt: Receipt): ReserveCreditsResponse {
  return {
    $typeName: "pleyor.credits.v1.ReserveCreditsResponse",
    ...outcome(receipt),
    ...reservation(receipt),
  };
}

export function toProtoBatchReserveCreditsResponse(receipt: Receipt): BatchReserveCreditsResponse {
  return create(BatchReserveCreditsResponseSchema, {
    ...outcome(receipt),
    reservations: reservationsOf(receipt),
    currentReservations: receipt.current ? reservationsOf(receipt.current) : [],
  });
}

export function toProtoSettleReservationResponse(receipt: Receipt): SettleReservationResponse {
  const fields = { ...outcome(receipt), ...reservation(receipt), ...transaction(receipt) };
  return { $typeName: "pleyor.credits.v1.SettleReservationResponse", ...fields };
}

/** Without a transaction where an expired hold was released: nothing changed (R-HOLD-9). */
export function toProtoReleaseReservationResponse(receipt: Receipt): ReleaseReservationResponse {
  const fields = { ...outcome(receipt), ...reservation(receipt), ...transaction(receipt) };
  return { $typeName: "pleyor.credits.v1.ReleaseReservationResponse", ...fields };
}

export function toProtoReleaseRunResponse(receipt: Receipt): ReleaseRunResponse {
  return create(ReleaseRunResponseSchema, {
    ...outcome(receipt),
    reservations: reservationsOf(receipt),
    releasedMicros: receipt.transactions.reduce((sum, { amountMicros }) => sum + amountMicros, 0n),
  });
}

export function toProtoExtendReservationResponse(receipt: Receipt): ExtendReservationResponse {
  return {
    $typeName: "pleyor.credits.v1.ExtendReservationResponse",
    ...outcome(receipt),
    ...reservation(receipt),
  };
}

export function toProtoChargeCreditsResponse(receipt: Receipt): ChargeCreditsResponse {
  const fields = { ...outcome(receipt), ...reservation(receipt), ...transaction(receipt) };
  return { $typeName: "pleyor.credits.v1.ChargeCreditsResponse", ...fields };
}

export function toProtoRefundReservationResponse(receipt: Receipt): RefundReservationResponse {
  const fields = { ...outcome(receipt), ...reservation(receipt), ...transaction(receipt) };
  return { $typeName: "pleyor.credits.v1.RefundReservationResponse", ...fields };
}

export function toProtoCreateGrantResponse(receipt: Receipt): CreateGrantResponse {
  return create(CreateGrantResponseSchema, { ...outcome(receipt), ...grant(receipt) });
}

export function toProtoVoidGrantResponse(receipt: Receipt): VoidGrantResponse {
  return create(VoidGrantResponseSchema, { ...outcome(receipt), ...grant(receipt) });
}

/** What the answers to all mutations have. */
type Outcome = { balance: Balance; replayed: boolean; currentBalance?: Balance };

export function outcome({ account, replayed, current }: Receipt): Outcome {
  const fields = { balance: toProtoBalance(account), replayed };
  return current ? { ...fields, currentBalance: toProtoBalance(current.account) } : fields;
}

function reservation(receipt: Receipt): { reservation: Reservation; currentReservation?: Reservation } {
  const fields = { reservation: reservationOf(receipt) };
  return receipt.current ? { ...fields, currentReservation: reservationOf(receipt.current) } : fields;
}

function transaction({ transactions: [first] }: Receipt): { transaction?: Transaction } {
  return first ? { transaction: toProtoTransaction(first) } : {};
}

export function grant(receipt: Receipt): { grant: Grant; currentGrant?: Grant } {
  const fields = { grant: grantOf(receipt) };
  return receipt.current ? { ...fields, currentGrant: grantOf(receipt.current) } : fields;
}

function reservationOf(standing: Standing): Reservation {
  const [first] = standing.reservations;
  if (first === undefined) throw new Error("a receipt lacks the reservation that its request is about");
  return toProtoReservation(standing.account.organizationId, first);
}

function reservationsOf({ account, reservations }: Standing): Reservation[] {
  return reservations.map((each) => toProtoReservation(account.organizationId, each));
}

/** What is due is recorded before anything else, so an expired grant's expiry is not later than the last change. */
function grantOf({ account, grant }: Standing): Grant {
  if (grant === undefined) throw new Error("a receipt lacks the grant that its request is about");
  return toProtoGrant(account.organizationId, grant, account.updateTime);
}
