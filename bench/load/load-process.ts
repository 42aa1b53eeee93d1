import { batchLoad } from "./batch-load.ts";
import { frameLoad } from "./frame-load.ts";
import type { Load, LoadMessage, LoadOrder } from "./order.ts";
import { pacedLoad } from "./paced-load.ts";

/** A process that calls a server: it connects, tells that it is ready, waits to be told to go, and reports; again and again. */

/** What the last order is to begin with. */
let begin = (): Promise<void> => Promise.reject(new Error("told to go without an order"));

function tell(message: LoadMessage): void {
  process.send?.(message);
}

function loadOf(order: LoadOrder): Load | Promise<Load> {
  if (order.calls.kind === "batch") return batchLoad(order, order.calls);
  return order.perSecond === undefined ? frameLoad(order) : pacedLoad(order, order.perSecond);
}

async function obey(order: LoadOrder): Promise<void> {
  const load = await loadOf(order);
  begin = () => report(load);
  tell({ kind: "ready" });
}

async function report({ run, close }: Load): Promise<void> {
  const before = process.cpuUsage();
  const outcome = await run();
  const { user, system } = process.cpuUsage(before);
  close();
  tell({ kind: "done", report: { ...outcome, cpuMs: (user + system) / 1_000 } });
}

// Whoever ordered is gone: there is nobody to report to.
process.once("disconnect", () => process.exit());

process.on("message", (message: LoadOrder | "go") => {
  const done = message === "go" ? begin() : obey(message);
  done.catch((error: Error) => tell({ kind: "failed", reason: error.message }));
});
