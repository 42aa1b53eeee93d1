import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

interface ServiceErrorParts {
  readonly code: Code;
  readonly reason: string;
  readonly metadata?: Record<string, string>;
  readonly retryDelayMs?: number;
}

/** An error as the service sends it: with an ErrorInfo, perhaps a RetryInfo, perhaps one typed detail. */
export function serviceError<Detail extends DescMessage>(
  { code, reason, metadata = {}, retryDelayMs }: ServiceErrorParts,
  detail?: { readonly desc: Detail; readonly value: MessageInitShape<Detail> },
): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { domain: "credits.pleyor", reason, metadata } };
  const retry =
    retryDelayMs === undefined
      ? []
      : [{ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(retryDelayMs) } }];
  return new ConnectError(`sample ${reason}`, code, undefined, [info, ...retry, ...(detail ? [detail] : [])]);
}
