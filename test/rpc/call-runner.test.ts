import { create, type Message } from "@bufbuild/protobuf";
import { expect } from "chai";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import { Health, HealthCheckRequestSchema } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Authenticate, IncomingCall } from "../../src/rpc/call.ts";
import { CallRunner } from "../../src/rpc/call-runner.ts";
import type { ServerStreamEndpoint, UnaryEndpoint } from "../../src/rpc/endpoint.ts";
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

describe("a stream whose caller leaves", () => {
  /** Where its handler is when they do. */
  const PLACES = {
    "writes what they never take": (send: Send) => send(MESSAGE),
    "waits for something else": (_send: Send, signal: AbortSignal) => aborted(signal),
    "has gone on, and writes later": async (send: Send, signal: AbortSignal) => {
      await aborted(signal).catch(() => undefined);
      await send(MESSAGE);
    },
  };
  for (const [where, place] of Object.entries(PLACES)) {
    it(`ends at once, and so does its handler, which ${where}`, async () => {
      const { promise: unwound, resolve } = Promise.withResolvers<unknown>();
      const endpoint = streamOf(async (send, signal) => {
        await place(send, signal).catch(resolve);
      });
      let leave: () => void = () => undefined;
      const incoming = { ...INCOMING, onCancel: (listener: () => void) => (leave = listener) };
      const written: unknown[] = [];
      const ended = runnerOf(() => "agent").serverStream(endpoint, incoming, READ, (message) => {
        written.push(message);
      });
      await new Promise((later) => setImmediate(later));
      leave();
      expect(await ended).to.have.property("code", Code.CANCELLED);
      expect(await unwound).to.have.property("fault", "CANCELLED");
      expect(written).to.have.length(where.startsWith("writes") ? 1 : 0);
    });
  }

  it("is told of nothing when it ends by itself, each message behind the one before", async () => {
    const log: string[] = [];
    const endpoint = streamOf(async (send) => {
      for (const each of ["first", "second"]) {
        await send(MESSAGE);
        log.push(`${each} taken`);
      }
    });
    const problem = await runnerOf(() => "agent").serverStream(
      endpoint,
      INCOMING,
      READ,
      (_message, taken) => {
        log.push("written");
        setImmediate(() => {
          log.push("takes another");
          taken();
        });
      },
    );
    expect(problem).to.equal(undefined);
    expect(log).to.deep.equal([
      "written",
      "takes another",
      "first taken",
      "written",
      "takes another",
      "second taken",
    ]);
  });
});

type Send = (message: Message) => Promise<void>;

const MESSAGE = create(Health.method.watch.output);
const READ = () => create(HealthCheckRequestSchema);

function streamOf(handle: (send: Send, signal: AbortSignal) => Promise<void>): ServerStreamEndpoint {
  return {
    kind: "server_streaming",
    method: Health.method.watch,
    whileDraining: false,
    handle: (_request, { signal }, send) => handle(send, signal),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

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
