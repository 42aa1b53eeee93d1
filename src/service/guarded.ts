import { databaseFaultOf } from "../storage/database-fault.ts";
import { ServiceError } from "./service-error.ts";

const READ_RETRY_MS = 500;

/** Says plainly that the database is away, where it is. What was told plainly already stays as it is. */
export async function guarded<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const fault = databaseFaultOf(error);
    if (error instanceof ServiceError || fault === undefined || fault === "committed") throw error;
    const options = { retryAfterMs: READ_RETRY_MS, cause: error };
    throw new ServiceError("DATABASE_UNAVAILABLE", "the database does not answer", options);
  }
}
