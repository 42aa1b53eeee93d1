/** What is told of an error from one thread to another: copied as it is, it would lose its code, and with it what it says of the database. */
export type PlainError = Readonly<{
  name: string;
  message: string;
  stack: string | undefined;
  /** SQLSTATE, or the system's. */
  code: string | undefined;
  cause: PlainError | undefined;
}>;

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return plain("Error", String(error));
  const { name, message, stack, cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name, message, stack, code, cause: cause === undefined ? undefined : toPlainError(cause) };
}

export function fromPlainError({ name, message, stack, code, cause }: PlainError): Error {
  const error = new Error(message, cause && { cause: fromPlainError(cause) });
  return Object.assign(error, { name, stack, ...(code === undefined ? {} : { code }) });
}

function plain(name: string, message: string): PlainError {
  return { name, message, stack: undefined, code: undefined, cause: undefined };
}
