import type { CreditLedger } from "../service/credit-ledger.ts";
import type { LaneGauge } from "../service/lane.ts";
import type { PlanDesk } from "../service/plan-desk.ts";
import type { Prices } from "../service/pricing/prices.ts";
import type { TestClocks } from "../service/test-clocks.ts";
import type { UsageBook } from "../service/usage/usage-book.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { AdminParts } from "./admin-handlers.ts";
import { ANONYMOUS, type Authenticate } from "./call.ts";
import { CallRunner } from "./call-runner.ts";
import { createConnectDoor } from "./connect-door.ts";
import type { ListenAddress } from "./door.ts";
import { createErrorMapping } from "./error-mapping.ts";
import { GateKeeper } from "./gate-keeper.ts";
import { createGrpcDoor } from "./grpc-door.ts";
import { createRoutes, REQUEST_SCHEMAS } from "./routes.ts";
import { Serving } from "./serving.ts";
import { Validation } from "./validation.ts";
import type { Watching } from "./watching.ts";

export type DoorsOptions = Readonly<{
  ledger: CreditLedger;
  watching: Watching;
  admin: AdminParts;
  prices: Prices;
  plans: PlanDesk;
  usage: UsageBook;
  /** Absent: the service for them is not there. */
  testClocks?: TestClocks | undefined;
  /** Of the lanes that mutations go through; absent: no call is refused before it is read. */
  gauge?: LaneGauge;
  telemetry: Telemetry;
  limits: Readonly<{ callDeadlineMsMax: number; messageBytesMax: number }>;
  authenticate?: Authenticate;
}>;

/** Both front doors over one set of handlers. */
export type Doors = Readonly<{
  /** Opens both or none; resolves to the addresses that callers use. Throws a ListenError. */
  open(at: Readonly<{ grpc: ListenAddress; http: ListenAddress }>): Promise<DoorAddresses>;
  /** Refuses new calls and waits for those in flight; resolves to how many had to be cut off. */
  drain(timeoutMs: number): Promise<number>;
  close(): Promise<void>;
}>;

export type DoorAddresses = Readonly<{ grpcAddress: string; httpAddress: string }>;

const NO_LANES: LaneGauge = { mayRefuse: () => false, refuses: () => false };

export function createDoors(options: DoorsOptions): Doors {
  const {
    ledger,
    watching,
    admin,
    prices,
    plans,
    usage,
    testClocks,
    telemetry,
    limits,
    authenticate,
    gauge,
  } = options;
  const serving = new Serving();
  const validation = new Validation(REQUEST_SCHEMAS);
  const errorMapping = createErrorMapping(telemetry);
  const runner = new CallRunner({
    ...limits,
    serving,
    validation,
    errorMapping,
    telemetry,
    authenticate: authenticate ?? (() => ANONYMOUS),
  });
  const routeParts = { serving, validation, errorMapping, watching, admin, prices, plans, usage, testClocks };
  const routes = createRoutes(ledger, routeParts);
  const keeper = new GateKeeper({ routes, gauge: gauge ?? NO_LANES, telemetry });
  const parts = { ...limits, runner, routes, keeper };
  // At the start of a drain: who watches goes on elsewhere while other calls end here.
  serving.watch(() => watching.hub.drain());
  const grpc = createGrpcDoor(parts);
  const http = createConnectDoor({
    ...parts,
    serving,
    metricsText: () => telemetry.metricsText(),
    onError: (error) => telemetry.backgroundFailed(error),
  });
  const close = async () => {
    await Promise.all([grpc.close(), http.close()]);
  };
  return {
    open: async (at) => {
      try {
        return { grpcAddress: await grpc.listen(at.grpc), httpAddress: await http.listen(at.http) };
      } catch (error) {
        await close();
        throw error;
      }
    },
    drain: (timeoutMs) => serving.drain(timeoutMs),
    close,
  };
}
