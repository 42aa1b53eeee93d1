/** Where a door listens. Port 0 is any free one. */
export type ListenAddress = Readonly<{ address: string; port: number }>;

/** A front door: it takes calls from when it listens until it is closed. */
export type FrontDoor = Readonly<{
  /** Resolves to the address that callers use. Throws a ListenError. */
  listen(at: ListenAddress): Promise<string>;
  /** Lets answers that are under way arrive, but only for a moment. */
  close(): Promise<void>;
}>;

/** How long a closing door waits for its last answers to reach their callers, who may be stuck. */
export const CLOSE_TIMEOUT_MS = 1_000;

/**
 * A caller that is gone without a word is noticed when it does not answer pings:
 * often enough for its streams not to pile up, seldom enough to cost nothing.
 */
export const PING_INTERVAL_MS = 30_000;
export const PING_TIMEOUT_MS = 10_000;

/** Of one connection; twice what one busy caller was measured to keep in flight, with room for streams. */
export const CONCURRENT_STREAMS_MAX = 1_024;

/**
 * A caller may cancel all that it has in flight, again and again, as soon as a tenth of a second after it began: so do
 * callers whose deadlines pass in a busy server. Node would close the connection, with INTERNAL_ERROR and with all its
 * other calls, after 1,000 cancelled calls and then at 33 a second. What remains is a bound on calls that are made to be cancelled.
 */
export const RESETS_ALLOWED = {
  streamResetBurst: 10 * CONCURRENT_STREAMS_MAX,
  streamResetRate: 10 * CONCURRENT_STREAMS_MAX,
} as const;

/** A door that could not listen, in one line. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly door: "gRPC" | "HTTP";
  readonly portTaken: boolean;

  constructor(door: "gRPC" | "HTTP", at: ListenAddress, cause: unknown) {
    super(`cannot listen on ${toHostPort(at)} for ${door}: ${whyNot(cause)}`, { cause });
    this.door = door;
    this.portTaken = isPortTaken(textOf(cause));
  }
}

function whyNot(cause: unknown): string {
  const text = textOf(cause);
  if (isPortTaken(text)) return "the port is taken";
  if (text.includes("EADDRNOTAVAIL")) return "this machine does not have the address";
  if (text.includes("EACCES")) return "this user may not listen there";
  return text.replaceAll(/\s*\n\s*/g, " ");
}

function isPortTaken(text: string): boolean {
  return text.includes("EADDRINUSE");
}

/** grpc-js gives the system's code in its text alone. */
function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** As in a URL: an IPv6 address stands in brackets. */
export function toHostPort({ address, port }: ListenAddress): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Waits for the end of something, but no longer than a closing door may. */
export async function within(timeoutMs: number, end: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([end, promise]);
  clearTimeout(timer);
}
