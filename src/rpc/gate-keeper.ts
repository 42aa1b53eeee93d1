import { Code, CodeSchema } from "../../gen/google/rpc/code_pb.ts";
import type { LaneGauge } from "../service/lane.ts";
import { ServiceError } from "../service/service-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Door } from "./call.ts";
import { organizationDepth } from "./call-organization.ts";
import type { Endpoint, Route } from "./endpoint.ts";
import { faultProblem } from "./fault-problem.ts";
import type { Problem } from "./problem.ts";

const RETRY_AFTER_MS = 200;
const CODE = CodeSchema.value[Code.RESOURCE_EXHAUSTED]?.name ?? "";

type Parts = Readonly<{
  routes: readonly Route[];
  gauge: LaneGauge;
  telemetry: Telemetry;
}>;

/** Calls that may be refused before they are read. `depth` tells where they name their organization. */
export type GatedCalls = Readonly<{ method: string; depth: number }>;

/** Who calls. An organization that is not known is let through: the lane will know it. */
type Caller = Readonly<{ organizationId: string | undefined; door: Door }>;

/**
 * Keeps the gate that both doors share: while a lane's queue is long, it refuses what the lane would refuse, before it
 * is read. After a call was read and checked that costs several times as much, and what is saved goes to the calls that
 * are taken. As in the lane, it is the organizations that have many waiting who are refused.
 */
export class GateKeeper {
  /** What a refused call is told. Made once: it is the same for all, and they are many. */
  readonly problem: Problem = faultProblem(
    new ServiceError("OVERLOADED", "the server is busy", { retryAfterMs: RETRY_AFTER_MS }),
  );
  readonly #parts: Parts;
  /** By path, as HTTP/2 has it. */
  readonly #gated = new Map<string, GatedCalls>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const { method } of parts.routes.flatMap(({ endpoints }) => endpoints)) {
      const depth = organizationDepth(method);
      const path = pathOf(method);
      if (depth !== undefined) this.#gated.set(path, { method: path.slice(1), depth });
    }
  }

  /** Undefined where no call of a path is refused now. */
  gated(path: string | undefined): GatedCalls | undefined {
    const gated = path === undefined ? undefined : this.#gated.get(path);
    return gated !== undefined && this.#parts.gauge.mayRefuse() ? gated : undefined;
  }

  /** Whether a call is refused before it is read: then it must be told the `problem`, and is counted already. */
  refuses({ method }: GatedCalls, { organizationId, door }: Caller): boolean {
    if (organizationId === undefined || !this.#parts.gauge.refuses(organizationId)) return false;
    this.#parts.telemetry.callEnded({ method, door, code: CODE, reason: "OVERLOADED", durationMs: 0 });
    return true;
  }
}

/** As HTTP has it, in all the protocols of both doors. */
export function pathOf({ parent, name }: Endpoint["method"]): string {
  return `/${parent.typeName}/${name}`;
}
