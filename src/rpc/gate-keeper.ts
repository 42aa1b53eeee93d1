import { Code, CodeSchema } from "../../gen/google/rpc/code_pb.ts";
import type { LaneGauge } from "../service/lane.ts";
import { ServiceError } from "../service/service-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Door } from "./call.ts";
import { CallGate, isMutation } from "./call-gate.ts";
import type { Endpoint, Route } from "./endpoint.ts";
import { faultProblem } from "./fault-problem.ts";
import type { Problem } from "./problem.ts";

const LOOK_MS = 20;
const RETRY_AFTER_MS = 200;

type Parts = Readonly<{
  routes: readonly Route[];
  gauge: LaneGauge;
  telemetry: Telemetry;
}>;

/** Keeps the gate that both doors share: looks regularly how things go, and records what it refuses. */
export class GateKeeper {
  /** What a refused call is told. Made once: it is the same for all, and they are many. */
  readonly problem: Problem = faultProblem(
    new ServiceError("OVERLOADED", "the server is busy", { retryAfterMs: RETRY_AFTER_MS }),
  );
  readonly #gate = new CallGate();
  readonly #parts: Parts;
  /** By path, as HTTP/2 has it. */
  readonly #mutations: ReadonlyMap<string, string>;
  /** Whether a call was, since the last look. */
  #refused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const methods = parts.routes.flatMap(({ endpoints }) => endpoints.map(({ method }) => method));
    this.#mutations = new Map(
      methods.filter(isMutation).map((method) => [pathOf(method), pathOf(method).slice(1)]),
    );
  }

  start(): void {
    let utilization = performance.eventLoopUtilization();
    let cpu = process.cpuUsage();
    let lookedAt = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const since = performance.eventLoopUtilization(utilization);
      utilization = performance.eventLoopUtilization();
      const { user, system } = process.cpuUsage(cpu);
      cpu = process.cpuUsage();
      const elapsedMs = Math.max(now - lookedAt, 1);
      lookedAt = now;
      const cpuShare = (user + system) / 1_000 / elapsedMs;
      const lagMs = Math.max(elapsedMs - LOOK_MS, 0);
      this.#gate.look({ now, ...this.#parts.gauge.read(), utilization: since.utilization, cpuShare, lagMs });
      if (this.#refused) this.#parts.gauge.refusedBefore();
      this.#refused = false;
    }, LOOK_MS);
    // It must not keep a process that has nothing else to do.
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether a call is refused before it is read: then it must be told the `problem`, and is counted already. */
  refuses(path: string | undefined, door: Door): boolean {
    if (!this.#gate.closed || path === undefined) return false;
    const method = this.#mutations.get(path);
    if (method === undefined || !this.#gate.refuses(performance.now())) return false;
    this.#refused = true;
    const code = CodeSchema.value[Code.RESOURCE_EXHAUSTED]?.name ?? "";
    this.#parts.telemetry.callEnded({ method, door, code, reason: "OVERLOADED", durationMs: 0 });
    return true;
  }
}

/** As HTTP has it, in all the protocols of both doors. */
export function pathOf({ parent, name }: Endpoint["method"]): string {
  return `/${parent.typeName}/${name}`;
}
