/**
 * SQLSTATE classes and codes after which the same work may succeed: connections
 * lost (08), resources short (53), the server stopping or starting (57P), and a
 * transaction that lost against another one: 40001, 40P01, 55P03, 25P03, 57014.
 */
const TRANSIENT_CLASSES = ["08", "53", "57P"];
const TRANSIENT_CODES = ["40001", "40P01", "55P03", "25P03", "57014"];

/** What Node and node-postgres say of a connection that broke or never was. */
const TRANSIENT_ERRORS = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"];
const TRANSIENT_MESSAGES =
  /connection terminated|connection ended|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i;

/** Whether the database was away or busy, rather than the work wrong. */
export function isTransientFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
    if (TRANSIENT_CODES.includes(code) || TRANSIENT_ERRORS.includes(code)) return true;
    if (code.length === 5 && TRANSIENT_CLASSES.some((start) => code.startsWith(start))) return true;
    if (TRANSIENT_MESSAGES.test(cause.message)) return true;
  }
  return false;
}
