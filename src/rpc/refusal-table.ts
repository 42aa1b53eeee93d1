import { Code } from "../../gen/google/rpc/code_pb.ts";
import { toText } from "./convert-time.ts";
import { PLAN_REFUSALS } from "./plan-refusals.ts";
import { COST_REFUSALS } from "./pricing/cost-refusals.ts";
import {
  insufficientCredits,
  lastVersion,
  referenceReused,
  referenceReusedMetadata,
  requestIdReused,
  reservationConflict,
} from "./refusal-detail.ts";
import type { RefusalTable } from "./refusal-row.ts";

/** The one place where refusals become errors. A refusal without a row does not compile. */
export const REFUSALS: RefusalTable = {
  REQUEST_ID_REUSED: {
    code: Code.ALREADY_EXISTS,
    message:
      "request id {request_id} was used for something else, a {kind} at {effective_time} which led to " +
      "version {version}; use a new id for a new request",
    metadata: ({ requestId, first }) => ({
      request_id: requestId,
      kind: first.kind,
      effective_time: toText(first.effectiveTime),
      version: String(lastVersion(first)),
    }),
    detail: requestIdReused,
  },
  ORGANIZATION_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "nothing was ever granted to organization {organization_id}; its first grant opens it",
    metadata: ({ organizationId }) => ({ organization_id: organizationId }),
  },
  RESERVATION_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "organization {organization_id} has no reservation {reservation_id}",
    metadata: ({ organizationId, reservationId }) => ({
      organization_id: organizationId,
      reservation_id: reservationId,
    }),
  },
  GRANT_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "organization {organization_id} has no grant {grant_id}",
    metadata: ({ organizationId, grantId }) => ({ organization_id: organizationId, grant_id: grantId }),
  },
  TRANSACTION_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "organization {organization_id} has no transaction {version} yet",
    metadata: ({ organizationId, version }) => ({
      organization_id: organizationId,
      version: String(version),
    }),
  },
  RUN_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: "nothing was ever reserved or charged for run {run_id} of organization {organization_id}",
    metadata: ({ organizationId, runId }) => ({ organization_id: organizationId, run_id: runId }),
  },
  REFERENCE_REUSED: {
    code: Code.ALREADY_EXISTS,
    message: ({ grant }) =>
      grant
        ? "reference {reference} has granted {amount_micros} microcredits ({kind}) at {create_time} already, " +
          "as grant {grant_id}; a reference acts once"
        : "reference {reference} was used for something else, a {kind} at {effective_time} which led to version " +
          "{version}; a reference acts once",
    metadata: referenceReusedMetadata,
    detail: referenceReused,
  },
  RESERVATION_SETTLED: {
    code: Code.FAILED_PRECONDITION,
    message: "reservation {reservation_id} was settled with {settled_micros} microcredits already",
    metadata: ({ reservation }) => ({
      reservation_id: reservation.reservationId,
      settled_micros: String(reservation.settledMicros ?? 0n),
    }),
    detail: reservationConflict,
  },
  RESERVATION_RELEASED: {
    code: Code.FAILED_PRECONDITION,
    message:
      "reservation {reservation_id} was released already; work that was done all the same can be charged",
    metadata: ({ reservation }) => ({ reservation_id: reservation.reservationId }),
    detail: reservationConflict,
  },
  RESERVATION_EXPIRED: {
    code: Code.FAILED_PRECONDITION,
    message:
      "reservation {reservation_id} expired at {expire_time}, so it cannot be extended; settle it, or reserve anew",
    metadata: ({ reservation }) => ({
      reservation_id: reservation.reservationId,
      expire_time: toText(reservation.expireTime),
    }),
    detail: reservationConflict,
  },
  TIME_TO_LIVE_EXCEEDED: {
    code: Code.FAILED_PRECONDITION,
    message: "reservation {reservation_id} can last until {expire_time_max} at most",
    metadata: ({ reservation, expireTimeMax }) => ({
      reservation_id: reservation.reservationId,
      expire_time_max: toText(expireTimeMax),
    }),
  },
  GRANT_VOIDED: {
    code: Code.FAILED_PRECONDITION,
    message: "grant {grant_id} was voided already",
    metadata: ({ grant }) => ({ grant_id: grant.grantId }),
  },
  RESERVATION_UNPRICED: {
    code: Code.FAILED_PRECONDITION,
    message:
      "reservation {reservation_id} was made by amount, so no rate card says what usage costs; settle it by amount",
    metadata: ({ reservation }) => ({ reservation_id: reservation.reservationId }),
    detail: reservationConflict,
  },
  ...COST_REFUSALS,
  INSUFFICIENT_CREDITS: {
    code: Code.FAILED_PRECONDITION,
    message: ({ itemIndex }) =>
      itemIndex === undefined
        ? "{required_micros} microcredits are required and {available_micros} are available: " +
          "{shortfall_micros} are missing"
        : "all items together require {required_micros} microcredits and {available_micros} are available: " +
          "{shortfall_micros} are missing, from item {item_index} on",
    metadata: ({ availableMicros, requiredMicros, itemIndex }) => ({
      available_micros: String(availableMicros),
      required_micros: String(requiredMicros),
      shortfall_micros: String(requiredMicros - availableMicros),
      ...(itemIndex === undefined ? {} : { item_index: String(itemIndex) }),
    }),
    detail: insufficientCredits,
  },
  RESERVATION_NOT_SETTLED: {
    code: Code.FAILED_PRECONDITION,
    message: "reservation {reservation_id} is {state}: only what was charged can be refunded",
    metadata: ({ reservation }) => ({ reservation_id: reservation.reservationId, state: reservation.state }),
    detail: reservationConflict,
  },
  REFUND_EXCEEDS_CHARGE: {
    code: Code.FAILED_PRECONDITION,
    message:
      "reservation {reservation_id} was charged {settled_micros} microcredits, of which {refundable_micros} " +
      "can still be refunded",
    metadata: ({ reservation, refundableMicros }) => ({
      reservation_id: reservation.reservationId,
      settled_micros: String(reservation.settledMicros ?? 0n),
      refundable_micros: String(refundableMicros),
    }),
    detail: reservationConflict,
  },
  ...PLAN_REFUSALS,
  BALANCE_LIMIT_EXCEEDED: {
    code: Code.FAILED_PRECONDITION,
    message:
      "the organization's credits or debt would be {total_micros} microcredits; the limit is {limit_micros}",
    metadata: ({ totalMicros, limitMicros }) => ({
      total_micros: String(totalMicros),
      limit_micros: String(limitMicros),
    }),
  },
  EXPIRE_TIME_PASSED: {
    field: "expire_time",
    explain: ({ expireTime, now }) =>
      `must be in the future; ${toText(expireTime)} is not, at ${toText(now)}`,
  },
  READ_TIME_IN_FUTURE: {
    field: "read_time",
    explain: ({ readTime, now }) => `must not be in the future; ${toText(readTime)} is, at ${toText(now)}`,
  },
  PAGE_TOKEN_INVALID: { field: "page_token", explain: ({ explanation }) => explanation },
};
