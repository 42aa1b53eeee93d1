export type EmbeddedPostgresFault =
  | "platform-unsupported"
  | "binaries-missing"
  | "binaries-incomplete"
  | "binaries-not-runnable"
  | "account-missing"
  | "data-directory-unreachable"
  | "data-directory-foreign"
  | "data-directory-damaged"
  | "data-directory-other-major"
  | "already-running"
  | "port-taken"
  | "start-failed"
  | "stop-failed";

/** The embedded PostgreSQL could not start or stop; the message is one line that a person can act on. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
  readonly fault: EmbeddedPostgresFault;

  constructor(fault: EmbeddedPostgresFault, message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s*\n\s*/g, " "), options);
    this.fault = fault;
  }
}
