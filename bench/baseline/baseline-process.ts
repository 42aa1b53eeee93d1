import { parseConfig } from "../../src/config.ts";
import { createDoors } from "../../src/rpc/doors.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { MemorySource, memoryWatching } from "../../test/support/memory-source.ts";
import { NO_ADMINISTRATION } from "../../test/support/no-administration.ts";
import { NO_PLANS } from "../../test/support/no-plans.ts";
import { NO_USAGE } from "../../test/support/no-usage.ts";
import { ScriptedPrices } from "../../test/support/scripted-prices.ts";
import { type Baseline, BaselineLedger } from "./baseline-ledger.ts";
import { doorAloneBaseline } from "./door-alone-baseline.ts";
import { mikroOrmBaseline } from "./mikro-orm-baseline.ts";
import { nodePostgresBaseline } from "./node-postgres-baseline.ts";

/** A process that serves a baseline behind the service's own doors; its arguments are the baseline and the database. */

export type BaselineKind = "mikro-orm" | "node-postgres" | "door-alone";

/** The best of 2, 4, 8 and 16 for each, as measured: more connections that wait for one row are slower. */
const CONNECTIONS_MAX = { mikroOrm: 4, nodePostgres: 2 };

function createBaseline(kind: BaselineKind, url: string): Baseline {
  switch (kind) {
    case "mikro-orm":
      return mikroOrmBaseline(url, CONNECTIONS_MAX.mikroOrm);
    case "node-postgres":
      return nodePostgresBaseline(url, CONNECTIONS_MAX.nodePostgres);
    case "door-alone":
      return doorAloneBaseline();
  }
}

const [, , kind, url = ""] = process.argv;
const baseline = createBaseline(kind as BaselineKind, url);
const { limits } = parseConfig({});
const doors = createDoors({
  ledger: new BaselineLedger(baseline),
  // Nobody watches here, nothing is priced, and there are no plans.
  watching: memoryWatching(new MemorySource()),
  prices: new ScriptedPrices(),
  plans: NO_PLANS,
  admin: NO_ADMINISTRATION,
  usage: NO_USAGE,
  telemetry: new Telemetry("error"),
  limits,
});
const at = { address: "127.0.0.1", port: 0 };
const { grpcAddress } = await doors.open({ grpc: at, http: at });
process.once("message", async () => {
  await doors.drain(limits.drainTimeoutMs);
  await doors.close();
  await baseline.close();
  process.disconnect();
});
process.send?.(grpcAddress);
