import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ClosableTransport } from "./grpc-transport.ts";
import { withRequestIds } from "./request-id.ts";
import { pauseBeforeRetry, type RetryPolicy } from "./retry-policy.ts";

/** One failure that is followed by another attempt. */
export interface Retry {
  /** The call, such as `ReserveCredits`. */
  readonly method: string;
  /** Which attempt failed; the first is 1. */
  readonly attempt: number;
  readonly error: ConnectError;
  readonly pauseMs: number;
}

export interface RetryingOptions {
  readonly policy: RetryPolicy;
  /** The deadline of a call that does not bring its own, retries included. */
  readonly timeoutMs: number;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/**
 * Sends each unary call until it is answered, refused, or out of attempts or time, always with the same request
 * id. Streams are passed on as they are: resuming one is its reader's business.
 */
export function createRetryingTransport(
  inner: ClosableTransport,
  options: RetryingOptions,
): ClosableTransport {
  const { policy, onRetry } = options;
  const closing = new AbortController();
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const message = withRequestIds(method.input, input);
      const deadline = deadlineAfter(timeoutMs ?? options.timeoutMs);
      for (let attempt = 1; ; attempt += 1) {
        closing.signal.throwIfAborted();
        const attemptMs = Math.max(1, Math.min(policy.attemptTimeoutMs, deadline - performance.now()));
        try {
          return await inner.unary(method, signal, Math.ceil(attemptMs), header, message, contextValues);
        } catch (thrown) {
          closing.signal.throwIfAborted();
          const error = ConnectError.from(thrown);
          const remainingMs = deadline - performance.now();
          const ms = pauseBeforeRetry(policy, { error, attempt, remainingMs, random: Math.random() });
          if (ms === undefined || signal?.aborted) {
            throw error;
          }
          onRetry?.({ method: method.name, attempt, error, pauseMs: ms });
          await pauseFor(
            ms,
            AbortSignal.any(signal === undefined ? [closing.signal] : [closing.signal, signal]),
          );
        }
      }
    },
    stream: inner.stream.bind(inner),
    close() {
      closing.abort(new ConnectError("the client is closed", Code.Canceled));
      inner.close();
    },
  };
}

/** As everywhere in Connect, zero and less mean no deadline; attempts are bounded all the same. */
function deadlineAfter(timeoutMs: number): number {
  return timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch {
    throw ConnectError.from(signal.reason, Code.Canceled);
  }
}
