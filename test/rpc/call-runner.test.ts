import { create } from "@bufbuild/protobuf";
import { expect } from "chai";
import { Health, HealthCheckRequestSchema } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Authenticate, IncomingCall } from "../../src/rpc/call.ts";
import { CallRunner } from "../../src/rpc/call-runner.ts";
import type { UnaryEndpoint } from "../../src/rpc/endpoint.ts";
import { createErrorMapping } from "../../src/rpc/error-mapping.ts";
import { Serving } from "../../src/rpc/serving.ts";
import { Validation } from "../../src/rpc/validation.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";

/** Who is known at once, and who must be looked up. */
const AUTHENTICATIONS: Readonly<Record<string, Authenticate>> = {
  "is known at once": () => "agent",
  "is looked up": () => Promise.resolve("agent"),
};

const ARRIVALS: Readonly<Record<string, Partial<IncomingCall>>> = {
  "whose deadline has passed": { deadlineMs: Date.now() - 1 },
  "whose caller has left": { onCancel: (listener) => listener() },
};

describe("a call that nobody waits for when it comes", () => {
  for (const [how, authenticate] of Object.entries(AUTHENTICATIONS)) {
    for (const [which, arrival] of Object.entries(ARRIVALS)) {
      it(`reaches no handler: one ${which}, of somebody who ${how}`, async () => {
        const handled: unknown[] = [];
        const outcome = await runnerOf(authenticate).unary(
          endpointOf(handled),
          { ...INCOMING, ...arrival },
          () => create(HealthCheckRequestSchema),
        );
        expect(outcome).to.have.property("problem");
        expect(handled).to.deep.equal([]);
      });
    }

    it(`is another one than one in time, of somebody who ${how}`, async () => {
      const handled: unknown[] = [];
      const read = () => create(HealthCheckRequestSchema);
      await runnerOf(authenticate).unary(endpointOf(handled), INCOMING, read);
      expect(handled).to.deep.equal(["agent"]);
    });
  }
});

const INCOMING: IncomingCall = {
  door: "grpc",
  connection: "here",
  header: () => undefined,
  deadlineMs: Number.POSITIVE_INFINITY,
  onCancel: () => undefined,
};

function runnerOf(authenticate: Authenticate): CallRunner {
  const telemetry = new Telemetry("silent");
  return new CallRunner({
    callDeadlineMsMax: 10_000,
    serving: new Serving(),
    validation: new Validation([HealthCheckRequestSchema]),
    errorMapping: createErrorMapping(telemetry),
    authenticate,
    telemetry,
  });
}

function endpointOf(handled: unknown[]): UnaryEndpoint {
  const handle: UnaryEndpoint["handle"] = (_request, { principal }) => {
    handled.push(principal);
    return create(Health.method.check.output);
  };
  return { kind: "unary", method: Health.method.check, whileDraining: false, handle };
}
