import { Code } from "../../gen/google/rpc/code_pb.ts";
import { fill, type Problem } from "./problem.ts";

/**
 * Up to so many times the limit, a request is received and refused with its reason; what is larger still is cut
 * off by the libraries, whose errors have none.
 */
export const TOLD_SIZES_MAX = 4;

/** Not RESOURCE_EXHAUSTED, which clients repeat: the same request would be as large again. */
export function messageTooLarge(limitBytes: number): Problem {
  const metadata = { limit_bytes: String(limitBytes) };
  const message = fill("the request is larger than {limit_bytes} bytes; send it in parts", metadata);
  return { code: Code.INVALID_ARGUMENT, reason: "MESSAGE_TOO_LARGE", message, metadata, details: [] };
}
