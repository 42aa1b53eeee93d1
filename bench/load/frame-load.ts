import { type Caller, HealthCaller, SpendCaller } from "./caller.ts";
import { Connection } from "./connection.ts";
import { Latencies } from "./latencies.ts";
import type { Load, LoadOrder, LoadOutcome } from "./order.ts";

/** As a few services that each keep one connection. */
const CONNECTIONS = 8;

/** Unary calls of prepared frames. */
export async function frameLoad(order: LoadOrder): Promise<Load> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Connection.open(order.address, lost.reject)),
  );
  const callers = Array.from({ length: order.inFlight }, (_, index) => callerOf(order, index));
  return {
    run: () => Promise.race([run(order, connections, callers), lost.promise]),
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

async function run(
  { durationMs, callsMax = Number.POSITIVE_INFINITY }: LoadOrder,
  connections: readonly Connection[],
  callers: readonly Caller[],
): Promise<LoadOutcome> {
  const latencies = new Latencies();
  const begin = performance.now();
  await Promise.all(
    callers.map((caller, index) => {
      const connection = connections[index % connections.length];
      if (!connection) throw new Error("there are no connections");
      const isOver = (): boolean => performance.now() >= begin + durationMs || latencies.count >= callsMax;
      return callUntil(isOver, { connection, caller, latencies });
    }),
  );
  const elapsedMs = performance.now() - begin;
  return {
    calls: latencies.count,
    elapsedMs,
    medianMs: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
  };
}

type Calling = Readonly<{ connection: Connection; caller: Caller; latencies: Latencies }>;

/** Resolves when it is over and the caller is at rest; rejects on the first failed call. */
function callUntil(isOver: () => boolean, { connection, caller, latencies }: Calling): Promise<void> {
  return new Promise((resolve, reject) => {
    const callNext = (): void => {
      const begin = performance.now();
      if (isOver() && caller.atRest) resolve();
      else connection.call(caller.next(), (message) => answered(message, begin));
    };
    const answered = (message: Buffer | undefined, begin: number): void => {
      if (!message) {
        reject(new Error("a call failed"));
        return;
      }
      latencies.add(performance.now() - begin);
      caller.answered(message);
      callNext();
    };
    callNext();
  });
}

function callerOf({ calls, inFlight }: LoadOrder, index: number): Caller {
  if (calls.kind !== "spend") return new HealthCaller();
  const { organizationIds, requestIds } = calls;
  // Each organization is one caller's, where there are more of them than callers.
  const own = organizationIds.filter((_, place) => place % inFlight === index);
  return new SpendCaller(index, own.length > 0 ? own : organizationIds, requestIds);
}
