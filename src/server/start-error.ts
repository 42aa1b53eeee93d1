import { ListenError } from "../rpc/door.ts";
import { CatalogueError } from "../service/catalogue-file.ts";
import { EmbeddedPostgresError } from "../storage/embedded/embedded-postgres-error.ts";
import { DatabaseNotReadyError } from "../storage/prepare-database.ts";

/** The server could not start, for a reason that is one line and no fault of the code. */
export class StartError extends Error {
  override readonly name = "StartError";
}

const PORT_SETTINGS = { gRPC: "PLEYOR_GRPC_PORT", HTTP: "PLEYOR_HTTP_PORT" } as const;

/** In one line, if it is something that a person can mend. */
export function explained(error: unknown): unknown {
  if (error instanceof EmbeddedPostgresError || error instanceof DatabaseNotReadyError)
    return new StartError(error.message, { cause: error });
  if (error instanceof CatalogueError) return new StartError(error.message, { cause: error });
  if (!(error instanceof ListenError)) return error;
  const hint = error.portTaken ? `; set ${PORT_SETTINGS[error.door]} to another` : "";
  return new StartError(`${error.message}${hint}`, { cause: error });
}
