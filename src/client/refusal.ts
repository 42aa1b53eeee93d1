import { isMessage } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Violation, ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import {
  type ErrorReason,
  type InsufficientCredits,
  InsufficientCreditsSchema,
  ReferenceReusedSchema,
  type RequestIdReused,
  RequestIdReusedSchema,
  ReservationConflictSchema,
} from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import type { Grant } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import type { Reservation } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import {
  type InvalidRateCard,
  InvalidRateCardSchema,
  type InvalidSettings,
  InvalidSettingsSchema,
  type InvalidUsage,
  InvalidUsageSchema,
} from "../../gen/pleyor/pricing/v1/refusal_pb.ts";
import { connectErrorFromStatus } from "./grpc-status.ts";

/** The reasons of `pleyor.credits.v1.ErrorReason`, and those that a newer service may have. */
export type RefusalReason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED"> | (string & {});

/** Why the service did not do what it was asked. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly code: Code;
  /** For people; it may change. */
  readonly message: string;
  /** Every number and id of the message, as text. Amounts are in microcredits. */
  readonly metadata: Readonly<Record<string, string>>;
  /** With INSUFFICIENT_CREDITS: what is missing. */
  readonly insufficientCredits?: InsufficientCredits;
  /** With RESERVATION_SETTLED, RESERVATION_RELEASED and RESERVATION_EXPIRED: the reservation as it is. */
  readonly reservation?: Reservation;
  /** With REFERENCE_REUSED: the grant that was made for the reference. */
  readonly grant?: Grant;
  /** With REQUEST_ID_REUSED: what the id was used for first. */
  readonly first?: RequestIdReused;
  /** With INVALID_REQUEST: each field that breaks a rule. */
  readonly violations?: readonly Violation[];
  /** With SETTINGS_INVALID, USAGE_INVALID and RATE_CARD_INVALID: what is wrong. */
  readonly invalid?: InvalidSettings | InvalidUsage | InvalidRateCard;
  /** With OVERLOADED, DATABASE_UNAVAILABLE and DRAINING: when to ask again. */
  readonly retryDelayMs?: number;
}

const DOMAIN = "credits.pleyor";

/**
 * Reads an error that a call threw, or the `error` of one operation of `applyBatch`. Undefined if the service did
 * not say it: a connection that failed, a deadline that passed here, or any other exception.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const connectError = asConnectError(error);
  const info = connectError?.findDetails(ErrorInfoSchema).find(({ domain }) => domain === DOMAIN);
  if (connectError === undefined || info === undefined) {
    return undefined;
  }
  const { reason, metadata } = info;
  const { code, rawMessage: message } = connectError;
  return { reason, code, message, metadata, ...detailsOf(connectError) };
}

function asConnectError(error: unknown): ConnectError | undefined {
  if (error instanceof ConnectError) {
    return error;
  }
  return isStatus(error) ? connectErrorFromStatus(error) : undefined;
}

function isStatus(error: unknown): error is Status {
  return isMessage(error, StatusSchema);
}

/** Only what the error has; the keys of all others are absent, so that a refusal prints short. */
function detailsOf(error: ConnectError): Partial<Refusal> {
  const [insufficientCredits] = error.findDetails(InsufficientCreditsSchema);
  const reservation = error.findDetails(ReservationConflictSchema)[0]?.reservation;
  const grant = error.findDetails(ReferenceReusedSchema)[0]?.grant;
  const [first] = error.findDetails(RequestIdReusedSchema);
  const violations = error.findDetails(ViolationsSchema)[0]?.violations;
  const [invalid] = [
    ...error.findDetails(InvalidSettingsSchema),
    ...error.findDetails(InvalidUsageSchema),
    ...error.findDetails(InvalidRateCardSchema),
  ];
  const retryDelay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    ...(insufficientCredits && { insufficientCredits }),
    ...(reservation && { reservation }),
    ...(grant && { grant }),
    ...(first && { first }),
    ...(violations && { violations }),
    ...(invalid && { invalid }),
    ...(retryDelay && { retryDelayMs: durationMs(retryDelay) }),
  };
}
