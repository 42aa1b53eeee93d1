import { cpuUsage, env, memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parseConfig, readEnv } from "../src/config.ts";
import { createServer } from "../src/server.ts";

/** What a measurement asks the server for. */
export type ServerReading = Readonly<{ heapBytes: number; rssBytes: number; cpuMs: number }>;

// The service as it is, and beside it the means to read what it uses: a process of its own for the measurement.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const { grpcAddress } = await createServer(parseConfig(readEnv(env))).start();

process.on("message", () => process.send?.(reading()));
process.on("disconnect", () => process.exit());
process.send?.(grpcAddress);

function reading(): ServerReading {
  collectGarbage();
  const { heapUsed, external, rss } = memoryUsage();
  const { user, system } = cpuUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss, cpuMs: (user + system) / 1_000 };
}
