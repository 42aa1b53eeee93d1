import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

export interface RetryPolicy {
  /** How often a call is sent at most, the first time included. */
  readonly attemptsMax: number;
  /** After this long one attempt is given up and another is made. */
  readonly attemptTimeoutMs: number;
  /** The longest first pause; each further one may be twice as long. */
  readonly backoffMs: number;
  /** The longest pause, unless the server asks for a longer one. */
  readonly backoffMsMax: number;
}

/**
 * A server that restarts is away for a few seconds: eight attempts wait 3.5 s in the mean, 7 s at most. Five
 * seconds are far above what any call takes, and leave time for others within the client's 20 s.
 */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  attemptsMax: 8,
  attemptTimeoutMs: 5_000,
  backoffMs: 100,
  backoffMsMax: 2_000,
};

/** The service is there, but not now; or a single attempt took too long. */
const TEMPORARY: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded]);

/** What the libraries make of a connection that breaks under a call, each in its own way. */
const BROKEN_CONNECTION: ReadonlySet<Code> = new Set([Code.Aborted, Code.Canceled, Code.Internal]);

/** A timer that is set for longer fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface FailedAttempt {
  readonly error: ConnectError;
  /** Which attempt failed; the first is 1. */
  readonly attempt: number;
  /** What is left until the call's deadline. */
  readonly remainingMs: number;
  /** From 0 up to 1. */
  readonly random: number;
}

/** How long to wait before the next attempt; undefined if there should be none. */
export function pauseBeforeRetry(policy: RetryPolicy, failed: FailedAttempt): number | undefined {
  if (failed.attempt >= policy.attemptsMax || !isRetryable(failed.error)) {
    return undefined;
  }
  const ms = Math.min(pauseMs(policy, failed), TIMER_MS_MAX);
  // Waiting until there is no time left would only hide the reason behind a later DEADLINE_EXCEEDED.
  return ms < failed.remainingMs ? ms : undefined;
}

/**
 * Whether the same request may succeed if it is sent again. Sending again is always safe, since it carries the
 * same request id; a refusal would be the same.
 */
function isRetryable(error: ConnectError): boolean {
  if (error.code === Code.ResourceExhausted) return asksToRetry(error);
  return TEMPORARY.has(error.code) || (BROKEN_CONNECTION.has(error.code) && !isAnswer(error));
}

/** An overloaded service says when to come back. The libraries' own limits have the same code, and pass never. */
function asksToRetry(error: ConnectError): boolean {
  return error.findDetails(RetryInfoSchema).length > 0;
}

/**
 * Any time up to a bound that doubles with each attempt ("full jitter", so that callers who failed together do
 * not come back together), after what the server asks for.
 */
function pauseMs(policy: RetryPolicy, { error, attempt, random }: FailedAttempt): number {
  const [retryInfo] = error.findDetails(RetryInfoSchema);
  const asked = retryInfo?.retryDelay === undefined ? 0 : Math.max(0, durationMs(retryInfo.retryDelay));
  return asked + random * Math.min(policy.backoffMsMax, policy.backoffMs * 2 ** (attempt - 1));
}

/** The service puts an ErrorInfo into each of its errors; the libraries, and proxies in between, put none. */
function isAnswer(error: ConnectError): boolean {
  return error.findDetails(ErrorInfoSchema).length > 0;
}
