export type Door = "grpc" | "connect";

/** What a handler knows of its call beside the request. */
export type CallContext = Readonly<{
  /** Who calls, as authentication found out: the actor of what the call changes. */
  principal: string;
  /** By which connection: the caller's address and port. */
  connection: string;
  /** Aborted with a ServiceError once nobody waits for the answer any more. */
  signal: AbortSignal;
  /** When the caller stops waiting, in milliseconds since 1970; a stream may have none. */
  deadlineMs: number;
}>;

/** A call as a door received it. */
export type IncomingCall = Readonly<{
  door: Door;
  /** The caller's address and port. */
  connection: string;
  /** A request header, by its name in lower case. */
  header: (name: string) => string | undefined;
  /** The deadline that the caller set, in milliseconds since 1970; Infinity without one. */
  deadlineMs: number;
  /** Tells once that the caller has gone; it may also be told after the call has ended. */
  onCancel: (listener: () => void) => void;
}>;

/** Finds out who calls; throws a ProblemError to refuse. */
export type Authenticate = (header: IncomingCall["header"]) => string | Promise<string>;

/** Until callers are authenticated, everyone is this one. */
export const ANONYMOUS = "anonymous";
