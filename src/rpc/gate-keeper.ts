import { Code, CodeSchema } from "../../gen/google/rpc/code_pb.ts";
import type { LaneGauge } from "../service/lane.ts";
import { ServiceError } from "../service/service-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Door } from "./call.ts";
import { CallGate, isMutation } from "./call-gate.ts";
import type { Endpoint, Route } from "./endpoint.ts";
import { faultProblem } from "./fault-problem.ts";
import type { Problem } from "./problem.ts";

const RETRY_AFTER_MS = 200;

type Parts = Readonly<{
  routes: readonly Route[];
  gauge: LaneGauge;
  telemetry: Telemetry;
}>;

/** Keeps the gate that both doors share, and records what it refuses. */
export class GateKeeper {
  /** What a refused call is told. Made once: it is the same for all, and they are many. */
  readonly problem: Problem = faultProblem(
    new ServiceError("OVERLOADED", "the server is busy", { retryAfterMs: RETRY_AFTER_MS }),
  );
  readonly #gate: CallGate;
  readonly #parts: Parts;
  /** By path, as HTTP/2 has it. */
  readonly #mutations: ReadonlyMap<string, string>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#gate = new CallGate(parts.gauge.isFull);
    const methods = parts.routes.flatMap(({ endpoints }) => endpoints.map(({ method }) => method));
    this.#mutations = new Map(
      methods.filter(isMutation).map((method) => [pathOf(method), pathOf(method).slice(1)]),
    );
  }

  /** Whether a call is refused before it is read: then it must be told the `problem`, and is counted already. */
  refuses(path: string | undefined, door: Door): boolean {
    const method = path === undefined ? undefined : this.#mutations.get(path);
    if (method === undefined || !this.#gate.refuses()) return false;
    this.#parts.gauge.refusedBefore();
    const code = CodeSchema.value[Code.RESOURCE_EXHAUSTED]?.name ?? "";
    this.#parts.telemetry.callEnded({ method, door, code, reason: "OVERLOADED", durationMs: 0 });
    return true;
  }
}

/** As HTTP has it, in all the protocols of both doors. */
export function pathOf({ parent, name }: Endpoint["method"]): string {
  return `/${parent.typeName}/${name}`;
}
