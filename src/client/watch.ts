import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { pauseBeforeRetry, type RetryPolicy } from "./retry-policy.ts";
import type { Retry } from "./retrying-transport.ts";

/** What every stream of the service tells beside its events. */
type Told = Message & { readonly resumeToken: string };

export interface Watch<Response extends Told> {
  /** The call, such as `WatchBalance`. */
  readonly method: string;
  /** Where to begin; empty: anew. */
  readonly resumeToken: string;
  readonly heartbeatInterval: Partial<Duration> | undefined;
  readonly open: (resumeToken: string, signal: AbortSignal) => AsyncIterable<Response>;
  readonly policy: RetryPolicy;
  /** How long beyond two heartbeats the server may be silent; absent: 5 s. */
  readonly silenceSlackMs?: number;
  /** Ends it for good. */
  readonly signal: AbortSignal;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** As the service has it. */
const HEARTBEAT_MS_DEFAULT = 15_000;
/** A heartbeat may be late by a comparison and a slow network. */
const SILENCE_SLACK_MS = 5_000;

/**
 * Reads a stream for as long as it is wanted: where it breaks, falls silent or is ended by a server that stops,
 * it is opened again after the last message that was read.
 */
export async function* watch<Response extends Told>(options: Watch<Response>): AsyncGenerator<Response> {
  const { method, policy, signal, onRetry } = options;
  let { resumeToken } = options;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const call = new AbortController();
    let error: ConnectError;
    try {
      for await (const message of untilSilent(options, resumeToken, call)) {
        resumeToken = message.resumeToken;
        attempt = 0;
        yield message;
      }
      error = new ConnectError("the stream has ended", Code.Unavailable);
    } catch (thrown) {
      error = ConnectError.from(thrown);
    } finally {
      call.abort();
    }
    signal.throwIfAborted();
    const failed = { error, attempt: Math.max(attempt, 1), remainingMs: Number.POSITIVE_INFINITY };
    // However often: who watches has nothing else to do.
    const endless = { ...policy, attemptsMax: Number.POSITIVE_INFINITY };
    const pauseMs = pauseBeforeRetry(endless, { ...failed, random: Math.random() });
    if (pauseMs === undefined) throw error;
    onRetry?.({ method, attempt: failed.attempt, error, pauseMs });
    await pause(pauseMs, signal);
  }
}

/** The messages of one call, until none has come for longer than a living server stays silent. */
async function* untilSilent<Response extends Told>(
  { open, heartbeatInterval, silenceSlackMs = SILENCE_SLACK_MS, signal }: Watch<Response>,
  resumeToken: string,
  call: AbortController,
): AsyncGenerator<Response> {
  const messages = open(resumeToken, AbortSignal.any([call.signal, signal]))[Symbol.asyncIterator]();
  const silenceMs = 2 * heartbeatMs(heartbeatInterval) + silenceSlackMs;
  for (;;) {
    const silent = () => call.abort(new ConnectError("the stream has fallen silent", Code.Unavailable));
    const timer = setTimeout(silent, silenceMs);
    try {
      const next = await messages.next();
      if (next.done) return;
      clearTimeout(timer);
      yield next.value;
    } finally {
      clearTimeout(timer);
    }
  }
}

function heartbeatMs(interval: Partial<Duration> | undefined): number {
  if (interval === undefined) return HEARTBEAT_MS_DEFAULT;
  const { seconds = 0n, nanos = 0 } = interval;
  return durationMs({ $typeName: "google.protobuf.Duration", seconds, nanos });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw ConnectError.from(signal.reason, Code.Canceled);
  }
}
