import { Code } from "../../gen/google/rpc/code_pb.ts";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { ServiceError, ServiceFault } from "../service/service-error.ts";
import { toProtoDuration } from "./convert-time.ts";
import { detail, fill, type Problem, type Reason } from "./problem.ts";

type FaultRow = Readonly<{ code: Code; message: string; retry: boolean }>;

/** Why a call could not be answered at all. A fault without a row does not compile. */
const FAULTS: { readonly [Name in ServiceFault]: Name extends Reason ? FaultRow : never } = {
  OVERLOADED: {
    code: Code.RESOURCE_EXHAUSTED,
    message: "more calls are waiting than can be answered in time; nothing was done, try again later",
    retry: true,
  },
  DATABASE_UNAVAILABLE: {
    code: Code.UNAVAILABLE,
    message: "the database does not answer; repeat the call with the same request id",
    retry: true,
  },
  QUERY_TOO_SLOW: {
    code: Code.RESOURCE_EXHAUSTED,
    message:
      "what was asked takes longer to gather than a query may, and would again: ask for a shorter time range, " +
      "fewer things to group by, or another filter or order",
    retry: false,
  },
  DRAINING: {
    code: Code.UNAVAILABLE,
    message: "this server is about to stop; nothing was done, another server will answer",
    retry: true,
  },
  DEADLINE_EXCEEDED: {
    code: Code.DEADLINE_EXCEEDED,
    message: "the call's deadline has passed; repeating it with the same request id tells what became of it",
    retry: false,
  },
  CANCELLED: { code: Code.CANCELLED, message: "the caller cancelled the call", retry: false },
};

/** When to try again where the service gave no time of its own. */
const RETRY_AFTER_MS = 1_000;

export function faultProblem({ fault, retryAfterMs = RETRY_AFTER_MS }: ServiceError): Problem {
  const { code, message, retry } = FAULTS[fault];
  const retryInfo = detail(RetryInfoSchema, { retryDelay: toProtoDuration(retryAfterMs) });
  return { code, reason: fault, message, metadata: {}, details: retry ? [retryInfo] : [] };
}

/** A fault of ours. Its text may hold what is nobody's business, so the caller gets a number to ask by. */
export function crashProblem(errorId: string): Problem {
  const metadata = { error_id: errorId };
  const message = fill("the server has a fault; its log tells more, under error_id {error_id}", metadata);
  return { code: Code.INTERNAL, reason: "INTERNAL", message, metadata, details: [] };
}
