import type { Message } from "@bufbuild/protobuf";
import { Code, CodeSchema } from "../../gen/google/rpc/code_pb.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Authenticate, CallContext, IncomingCall } from "./call.ts";
import { CallScope } from "./call-scope.ts";
import type {
  BidiStreamEndpoint,
  Endpoint,
  Send,
  ServerStreamEndpoint,
  StreamEndpoint,
  UnaryEndpoint,
} from "./endpoint.ts";
import type { ErrorMapping } from "./error-mapping.ts";
import { type Problem, ProblemError } from "./problem.ts";
import type { Serving } from "./serving.ts";
import type { Validation } from "./validation.ts";

/** What a unary call gives. */
export type Outcome = Readonly<{ response: Message }> | Readonly<{ problem: Problem }>;

/** How a door gives a caller a message of a stream; it calls `taken` once the caller can take another. */
export type Write = (message: Message, taken: () => void) => void;

type RunnerParts = Readonly<{
  callDeadlineMsMax: number;
  serving: Serving;
  validation: Validation;
  errorMapping: ErrorMapping;
  authenticate: Authenticate;
  telemetry: Telemetry;
}>;

/**
 * Everything that surrounds a handler, once for both doors: draining, deadline
 * and cancellation, authentication, validation, error mapping, and the record of
 * how the call ended.
 */
export class CallRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Never rejects. `read` gives the request; what it throws is told like any other problem. */
  async unary(endpoint: UnaryEndpoint, incoming: IncomingCall, read: () => Message): Promise<Outcome> {
    const deadlineMs = Math.min(incoming.deadlineMs, Date.now() + this.#parts.callDeadlineMsMax);
    const scope = new CallScope(deadlineMs);
    const end = this.#endOnce(scope, endpoint, incoming);
    try {
      const context = await this.#begin(scope, endpoint, incoming);
      const request = this.#checked(endpoint, read());
      const response = await scope.wait(endpoint.handle(request, context));
      end(undefined);
      return { response };
    } catch (error) {
      const problem = this.#problemOf(error, endpoint);
      end(problem);
      return { problem };
    }
  }

  /** Never rejects; resolves to what went wrong. `read` is as of a unary call. */
  serverStream(
    endpoint: ServerStreamEndpoint,
    incoming: IncomingCall,
    read: () => Message,
    write: Write,
  ): Promise<Problem | undefined> {
    return this.#stream(endpoint, incoming, write, (context, send) =>
      endpoint.handle(this.#checked(endpoint, read()), context, send),
    );
  }

  /** Never rejects; resolves to what went wrong, with the requests too. */
  bidiStream(
    endpoint: BidiStreamEndpoint,
    incoming: IncomingCall,
    requests: AsyncIterable<Message>,
    write: Write,
  ): Promise<Problem | undefined> {
    return this.#stream(endpoint, incoming, write, (context, send) =>
      endpoint.handle(this.#checkedEach(endpoint, requests), context, send),
    );
  }

  async #stream(
    endpoint: StreamEndpoint,
    incoming: IncomingCall,
    write: Write,
    handle: (context: CallContext, send: Send<Message>) => Promise<void>,
  ): Promise<Problem | undefined> {
    const scope = new CallScope(incoming.deadlineMs);
    const end = this.#endOnce(scope, endpoint, incoming);
    try {
      const context = await this.#begin(scope, endpoint, incoming);
      const send = (message: Message) => scope.written((taken) => write(message, taken));
      await scope.wait(handle(context, send));
      end(undefined);
      return undefined;
    } catch (error) {
      const problem = this.#problemOf(error, endpoint);
      end(problem);
      return problem;
    }
  }

  #problemOf(error: unknown, { method }: Endpoint): Problem {
    return this.#parts.errorMapping(error, { method: nameOf(method), request: method.input });
  }

  async #begin(scope: CallScope, endpoint: Endpoint, incoming: IncomingCall): Promise<CallContext> {
    this.#parts.serving.enter(scope, endpoint);
    incoming.onCancel(() => scope.cancel());
    const { deadlineMs, signal } = scope;
    const found = this.#parts.authenticate(incoming.header);
    // Waiting is two promises; who need not be looked up waits for nothing.
    const principal = typeof found === "string" ? found : await scope.wait(found);
    signal.throwIfAborted();
    return { principal, connection: incoming.connection, signal, deadlineMs };
  }

  #checked(endpoint: Endpoint, request: Message): Message {
    const problem = this.#parts.validation.problemOf(endpoint.method.input, request);
    if (problem) throw new ProblemError(problem);
    return request;
  }

  async *#checkedEach(endpoint: Endpoint, requests: AsyncIterable<Message>): AsyncGenerator<Message> {
    for await (const request of requests) yield this.#checked(endpoint, request);
  }

  /** The record of the call's end; only the first end counts. */
  #endOnce(scope: CallScope, { method }: Endpoint, { door }: IncomingCall) {
    const startedAt = performance.now();
    let ended = false;
    return (problem: Problem | undefined): void => {
      if (ended) return;
      ended = true;
      scope.end();
      this.#parts.serving.leave(scope);
      this.#parts.telemetry.callEnded({
        method: nameOf(method),
        door,
        code: CodeSchema.value[problem?.code ?? Code.OK]?.name ?? "UNKNOWN",
        reason: problem?.reason,
        durationMs: performance.now() - startedAt,
      });
    };
  }
}

function nameOf({ parent, name }: Endpoint["method"]): string {
  return `${parent.typeName}/${name}`;
}
