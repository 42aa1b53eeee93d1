import type { DescMethod, Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { IncomingCall } from "./call.ts";
import { organizationOf } from "./call-organization.ts";
import type { CallRunner, Write } from "./call-runner.ts";
import { serveConnect } from "./connect-adapter.ts";
import { withErrorInfo } from "./connect-parse-error.ts";
import { withoutOwnLimit, withSizeLimit } from "./connect-request-size.ts";
import type { FrontDoor } from "./door.ts";
import type { Endpoint, Route, StreamEndpoint } from "./endpoint.ts";
import { type GateKeeper, pathOf } from "./gate-keeper.ts";
import { Handover } from "./handover.ts";
import { createHttpPort, type HttpHandler } from "./http-port.ts";
import { messageTooLarge } from "./message-size.ts";
import { type Problem, ProblemError } from "./problem.ts";
import { toConnectError } from "./problem-status.ts";
import { DETAIL_TYPES } from "./routes.ts";
import type { Serving } from "./serving.ts";
import { requestProblem } from "./violation.ts";

const OK = 200;
const NOT_FOUND = 404;
const UNAVAILABLE = 503;

/** The caller's address and port, which a handler's context does not have of itself. */
const CONNECTION = createContextKey("");

type ConnectDoorOptions = Readonly<{
  routes: readonly Route[];
  runner: CallRunner;
  serving: Serving;
  keeper: GateKeeper;
  messageBytesMax: number;
  /** All metrics, as Prometheus reads them. */
  metricsText: () => Promise<string>;
  /** Hears of what fails where no caller can be told. */
  onError: (error: unknown) => void;
}>;

/** The door for browsers, curl and scripts: Connect, gRPC and gRPC-Web over HTTP/1.1 and HTTP/2. */
export function createConnectDoor({
  routes,
  runner,
  serving,
  keeper,
  messageBytesMax,
  metricsText,
  onError,
}: ConnectDoorOptions): FrontDoor {
  return createHttpPort(
    serveConnect({
      routes: (router) => register(router, routes, { runner, keeper, messageBytesMax }),
      // Of each message of a stream.
      readMaxBytes: messageBytesMax,
      // A misspelt field would else be an absent one, and its request another than was meant.
      jsonOptions: { ignoreUnknownFields: false, registry: DETAIL_TYPES },
      contextValues: ({ socket: { remoteAddress, remotePort } }) =>
        createContextValues().set(CONNECTION, `${remoteAddress}:${remotePort}`),
      fallback: plainPages(serving, metricsText, onError),
      onError,
    }),
  );
}

type RegisterParts = Pick<ConnectDoorOptions, "runner" | "keeper" | "messageBytesMax">;

function register(router: ConnectRouter, routes: readonly Route[], parts: RegisterParts): void {
  const { messageBytesMax } = parts;
  for (const endpoint of routes.flatMap(({ endpoints }) => endpoints)) {
    const options = hasOneRequest(endpoint.method) ? withoutOwnLimit(messageBytesMax) : undefined;
    // Only the descriptor knows the types of an endpoint's messages.
    router.rpc(endpoint.method, implement(parts, endpoint) as never, options);
  }
  const handlers = router.handlers.map((handler) => {
    return withErrorInfo(hasOneRequest(handler.method) ? withSizeLimit(handler, messageBytesMax) : handler);
  });
  router.handlers.splice(0, Number.POSITIVE_INFINITY, ...handlers);
}

function hasOneRequest({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "server_streaming";
}

function implement({ runner, keeper, messageBytesMax }: RegisterParts, endpoint: Endpoint) {
  if (endpoint.kind !== "unary") return serveStream(runner, endpoint, messageBytesMax);
  const path = pathOf(endpoint.method);
  return async (request: Message, context: HandlerContext) => {
    const gated = keeper.gated(path);
    if (gated && keeper.refuses(gated, { organizationId: organizationOf(request), door: "connect" }))
      throw toConnectError(keeper.problem);
    const outcome = await runner.unary(endpoint, incomingCall(context), () => request);
    if ("problem" in outcome) throw toConnectError(outcome.problem);
    return outcome.response;
  };
}

/** Of a stream from the server, the input is its request. */
function serveStream(runner: CallRunner, endpoint: StreamEndpoint, bytesMax: number) {
  if (endpoint.kind === "server_streaming")
    return (request: Message, context: HandlerContext) =>
      answersOf(context, (incoming, write) => runner.serverStream(endpoint, incoming, () => request, write));
  return (requests: AsyncIterable<Message>, context: HandlerContext) =>
    answersOf(context, (incoming, write) =>
      runner.bidiStream(endpoint, incoming, toldBadRequests(requests, bytesMax), write),
    );
}

/** What Connect tells of callers that are gone. */
const HAVE_LEFT: readonly Code[] = [Code.Canceled, Code.Aborted];

/** Connect tells what is no message, or too large a one, by errors of its own, which are nobody's fault here. */
async function* toldBadRequests(requests: AsyncIterable<Message>, bytesMax: number): AsyncGenerator<Message> {
  try {
    yield* requests;
  } catch (error) {
    if (!(error instanceof ConnectError) || HAVE_LEFT.includes(error.code)) throw error;
    const tooLarge = error.code === Code.ResourceExhausted;
    throw new ProblemError(tooLarge ? messageTooLarge(bytesMax) : requestProblem(error.rawMessage));
  }
}

type Run = (incoming: IncomingCall, write: Write) => Promise<Problem | undefined>;

async function* answersOf(context: HandlerContext, run: Run): AsyncGenerator<Message> {
  const answers = new Handover<Message>();
  const ended = run(incomingCall(context), (message, taken) => answers.put(message, taken));
  ended.then(() => answers.end());
  yield* answers;
  const problem = await ended;
  if (problem) throw toConnectError(problem);
}

function incomingCall(context: HandlerContext): IncomingCall {
  const { requestHeader, signal } = context;
  const remainingMs = context.timeoutMs();
  return {
    door: "connect",
    connection: context.values.get(CONNECTION),
    header: (name) => requestHeader.get(name) ?? undefined,
    deadlineMs: remainingMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + remainingMs,
    onCancel: (listener) => signal.addEventListener("abort", listener, { once: true }),
  };
}

/** What monitoring reads: whether the server serves, and its metrics. */
function plainPages(
  serving: Serving,
  metricsText: ConnectDoorOptions["metricsText"],
  onError: ConnectDoorOptions["onError"],
): HttpHandler {
  return (request, response) => {
    const page = request.method === "GET" || request.method === "HEAD" ? request.url?.split("?", 1)[0] : "";
    if (page === "/healthz") {
      const state = serving.draining ? "draining" : "serving";
      answer(response, serving.draining ? UNAVAILABLE : OK, `${state}\n`);
    } else if (page === "/metrics") {
      metricsText()
        .then((text) => answer(response, OK, text))
        .catch((error: unknown) => {
          onError(error);
          answer(response, UNAVAILABLE, "the metrics can't be read\n");
        });
    } else {
      answer(response, NOT_FOUND, "not found\n");
    }
  };
}

function answer(response: Parameters<HttpHandler>[1], status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  response.end(text);
}
