import type { DescMessage } from "@bufbuild/protobuf";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ExportTokenError } from "../service/export-token.ts";
import { ResumeTokenError } from "../stream/resume-token.ts";
import { type EndReason, NotOpenError, StreamEnd } from "../stream/stream-end.ts";
import { TooManyStreamsError } from "../stream/stream-limit.ts";
import { toProtoDuration } from "./convert-time.ts";
import { detail, fill, type Problem, ProblemError } from "./problem.ts";
import { accepted } from "./refusal-problem.ts";
import { fieldProblem } from "./violation.ts";

const RETRY_AFTER_MS = 1_000;

const ENDS: Readonly<Record<EndReason, Pick<Problem, "reason" | "message">>> = {
  DRAINING: {
    reason: "DRAINING",
    message: "this server is about to stop; go on with the resume token, another server will answer",
  },
  STALLED: {
    reason: "STREAM_STALLED",
    message: "nothing was read from this stream for too long; go on with the resume token",
  },
};

/** Why a stream does not begin, or ends. What it does not know is given back. */
export function streamError(error: unknown, organizationId: string, request: DescMessage): unknown {
  if (error instanceof ResumeTokenError || error instanceof ExportTokenError) {
    return new ProblemError(fieldProblem(request, "resume_token", error.message));
  }
  if (error instanceof NotOpenError) return notFound(organizationId, request);
  if (error instanceof TooManyStreamsError) return new ProblemError(tooManyStreams(error));
  return error instanceof StreamEnd ? new ProblemError(streamEnded(error)) : error;
}

function notFound(organizationId: string, request: DescMessage): unknown {
  try {
    const refusal = { reason: "ORGANIZATION_NOT_FOUND", organizationId } as const;
    return accepted({ refusal }, { organizationId }, request);
  } catch (problem) {
    return problem;
  }
}

function tooManyStreams({ of, limit, streams }: TooManyStreamsError): Problem {
  const metadata = { of, limit: String(limit), streams };
  const message = fill("this {of} has {limit} {streams} already; end some, or use another one", metadata);
  return { code: Code.RESOURCE_EXHAUSTED, reason: "TOO_MANY_STREAMS", message, metadata, details: retry() };
}

function streamEnded({ reason, resumeToken }: StreamEnd): Problem {
  const metadata = resumeToken === "" ? {} : { resume_token: resumeToken };
  return { code: Code.UNAVAILABLE, ...ENDS[reason], metadata, details: retry() };
}

function retry() {
  return [detail(RetryInfoSchema, { retryDelay: toProtoDuration(RETRY_AFTER_MS) })];
}
