import { create } from "@bufbuild/protobuf";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import {
  type Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { type Handlers, sendEach } from "./endpoint.ts";
import { type Problem, ProblemError } from "./problem.ts";
import type { Serving } from "./serving.ts";

/**
 * The standard health service, over the state that both doors share. The empty
 * name stands for the server as a whole; all its services serve, or none does.
 */
export function healthHandlers(serving: Serving, services: readonly string[]): Handlers<typeof Health> {
  const names = ["", ...services];
  return {
    check: ({ service }) => {
      if (!names.includes(service)) throw new ProblemError(unknownService(service));
      return toProtoHealth(serving);
    },
    list: () => {
      const statuses = names.map((name) => [name, toProtoHealth(serving)]);
      return create(HealthListResponseSchema, { statuses: Object.fromEntries(statuses) });
    },
    watch: sendEach(({ service }, { signal }) =>
      names.includes(service) ? watchServing(serving, signal) : watchUnknown(signal),
    ),
  };
}

async function* watchServing(serving: Serving, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
  for (;;) {
    const changed = nextChange(serving, signal);
    yield toProtoHealth(serving);
    await changed;
  }
}

/** A service may become known later, says the protocol; ours do not, so this waits for the caller to leave. */
async function* watchUnknown(signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
  yield create(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN });
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** Resolves on the next change; rejects, and forgets about it, when the call is aborted. */
function nextChange(serving: Serving, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Nobody waits for it while the state before is being written.
  promise.catch(() => undefined);
  const abort = () => {
    forget();
    reject(signal.reason);
  };
  const forget = serving.watch(() => {
    forget();
    signal.removeEventListener("abort", abort);
    resolve();
  });
  signal.addEventListener("abort", abort, { once: true });
  return promise;
}

function toProtoHealth({ draining }: Serving): HealthCheckResponse {
  const { NOT_SERVING, SERVING } = HealthCheckResponse_ServingStatus;
  return create(HealthCheckResponseSchema, { status: draining ? NOT_SERVING : SERVING });
}

function unknownService(service: string): Problem {
  const message = `this server has no service ${JSON.stringify(service)}`;
  return { code: Code.NOT_FOUND, reason: undefined, message, metadata: {}, details: [] };
}
