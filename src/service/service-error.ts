export type ServiceFault =
  | "OVERLOADED"
  | "DATABASE_UNAVAILABLE"
  | "QUERY_TOO_SLOW"
  | "DRAINING"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED";

/**
 * Why a call could not be answered at all, as opposed to a refusal, which is an
 * answer. Nothing was done after OVERLOADED and DRAINING, nor after QUERY_TOO_SLOW, which
 * only a read gives. After the others the outcome is open: a commit's answer may be lost
 * (DATABASE_UNAVAILABLE), and a command that was taken into a batch goes on though nobody
 * waits for it any more (DEADLINE_EXCEEDED, CANCELLED). Repeating the request with its id tells.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly fault: ServiceFault;
  /** When it is worth trying again; undefined where trying again is the caller's own decision. */
  readonly retryAfterMs: number | undefined;

  constructor(fault: ServiceFault, message: string, options?: { retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.fault = fault;
    this.retryAfterMs = options?.retryAfterMs;
  }
}
