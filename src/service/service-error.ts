export type ServiceFault =
  | "OVERLOADED"
  | "DATABASE_UNAVAILABLE"
  | "DRAINING"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED";

/**
 * Why a call could not be answered at all, as opposed to a refusal, which is an
 * answer. Nothing was done, except after DATABASE_UNAVAILABLE, where the commit's
 * fate may be unknown: repeating the request with its id tells.
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
