import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface DemoArguments {
  /** `host:port` of the gRPC door. */
  readonly address: string;
  /** The file of the run. */
  readonly run: string;
}

export const USAGE = "npm run demo -- [--address host:port] [--run file]";

/** Throws if something else was given. */
export function parseArguments(args: readonly string[]): DemoArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      address: { type: "string", default: "127.0.0.1:50051" },
      run: { type: "string", default: fileURLToPath(new URL("run.json", import.meta.url)) },
    },
  });
  return values;
}
