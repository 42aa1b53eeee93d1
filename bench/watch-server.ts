import { env, memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parseConfig, readEnv } from "../src/config.ts";
import { keepNewObjectsYoung } from "../src/server/young-objects.ts";
import { createServer } from "../src/server.ts";

/** The service as it is, in a process that also tells, whenever it is asked, how many bytes it holds. */

keepNewObjectsYoung();
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const { grpcAddress, httpAddress } = await createServer(parseConfig(readEnv(env))).start();

process.on("message", () => process.send?.(heapBytes()));
process.on("disconnect", () => process.exit());
process.send?.({ grpcAddress, httpAddress });

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}
