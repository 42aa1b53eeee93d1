import type { EventEmitter } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import type { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { fromBinary, type Message } from "@bufbuild/protobuf";
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  setLogVerbosity,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { IncomingCall } from "./call.ts";
import type { CallRunner, Write } from "./call-runner.ts";
import {
  CLOSE_TIMEOUT_MS,
  CONCURRENT_STREAMS_MAX,
  type FrontDoor,
  type ListenAddress,
  ListenError,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  RESETS_ALLOWED,
  toHostPort,
  within,
} from "./door.ts";
import type { Endpoint, Route, UnaryEndpoint } from "./endpoint.ts";
import type { GateKeeper } from "./gate-keeper.ts";
import { gateCalls } from "./grpc-gate.ts";
import { messageTooLarge, TOLD_SIZES_MAX } from "./message-size.ts";
import { type Problem, ProblemError } from "./problem.ts";
import { toGrpcError } from "./problem-status.ts";
import { toServiceDefinition } from "./service-definition.ts";
import { useStreamTable } from "./stream-table.ts";
import { requestProblem } from "./violation.ts";

type UnaryCall = ServerUnaryCall<Uint8Array, Message>;
/** What all calls offer. */
type ServerSurfaceCall = Pick<UnaryCall, "metadata" | "getDeadline" | "getPeer"> & EventEmitter;
type ServerStreamCall = ServerWritableStream<Uint8Array, Message>;
type BidiStreamCall = ServerDuplexStream<Uint8Array, Message>;
type StreamCall = ServerStreamCall | BidiStreamCall;

type GrpcDoorOptions = Readonly<{
  routes: readonly Route[];
  runner: CallRunner;
  messageBytesMax: number;
  keeper: GateKeeper;
}>;

/** The door for services: gRPC alone, on a port of its own, as fast as this process can. */
export function createGrpcDoor({ routes, runner, messageBytesMax, keeper }: GrpcDoorOptions): FrontDoor {
  // What fails here is thrown or answered; grpc-js would also print it, past the log.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    // The real limit is kept where requests are decoded, and tells its reason.
    "grpc.max_receive_message_length": messageBytesMax * TOLD_SIZES_MAX,
    // A page of history may be larger than what callers may send.
    "grpc.max_send_message_length": -1,
    // Nobody asks for its statistics, and keeping them costs each call.
    "grpc.enable_channelz": 0,
    "grpc.max_concurrent_streams": CONCURRENT_STREAMS_MAX,
    "grpc.keepalive_time_ms": PING_INTERVAL_MS,
    "grpc.keepalive_timeout_ms": PING_TIMEOUT_MS,
  });
  allowResets(server);
  onSession(server, useStreamTable);
  gateCalls(server, keeper);
  for (const route of routes) {
    const handlers = route.endpoints.map((endpoint) => {
      return [endpoint.method.localName, serve(runner, endpoint, messageBytesMax)];
    });
    server.addService(toServiceDefinition(route), Object.fromEntries(handlers));
  }
  return {
    listen: (at) => listen(server, at),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.tryShutdown(() => resolve());
      await within(CLOSE_TIMEOUT_MS, promise);
      server.forceShutdown();
    },
  };
}

/** grpc-js has no option for it, so it is put among those that it makes of its own; a test tells if it does not any more. */
function allowResets(server: Server): void {
  const open = server as unknown as { commonServerOptions?: object };
  open.commonServerOptions = { ...open.commonServerOptions, ...RESETS_ALLOWED };
}

type OnSession = (session: ServerHttp2Session) => void;

/** Nor does grpc-js tell of its sessions, so the method that makes its own listener is wrapped; a test tells, too. */
function onSession(server: Server, begin: OnSession): void {
  const open = server as unknown as { _sessionHandler?: (...args: unknown[]) => OnSession };
  const listenerOf = open._sessionHandler;
  if (listenerOf === undefined) return;
  open._sessionHandler = (...args) => {
    const listener = listenerOf.apply(server, args);
    return (session) => {
      begin(session);
      listener(session);
    };
  };
}

async function listen(server: Server, at: ListenAddress): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(toHostPort(at), ServerCredentials.createInsecure(), (error, port) => {
    if (error) reject(new ListenError("gRPC", at, error));
    else resolve(port);
  });
  return toHostPort({ address: at.address, port: await promise });
}

function serve(runner: CallRunner, endpoint: Endpoint, bytesMax: number): UntypedHandleCall {
  const read = (bytes: Uint8Array) => decode(endpoint, bytes, bytesMax);
  switch (endpoint.kind) {
    case "unary":
      return (call: UnaryCall, answer: sendUnaryData<Message>) =>
        void serveUnary(runner, endpoint, call, () => read(call.request), answer);
    case "server_streaming":
      return (call: ServerStreamCall) => {
        const asked = () => read(call.request);
        void endStream(call, runner.serverStream(endpoint, incomingCall(call), asked, writeTo(call)));
      };
    case "bidi_streaming":
      return (call: BidiStreamCall) => {
        const asked = requestsOf(call, read);
        const ended = runner.bidiStream(endpoint, incomingCall(call), asked, writeTo(call));
        // By the next turn the handler has let go of its requests, whose iterator would take the error for its own and
        // drop what is not written yet, the status with it.
        void endStream(
          call,
          ended.then((problem) => setImmediate(problem)),
        );
      };
  }
}

async function serveUnary(
  runner: CallRunner,
  endpoint: UnaryEndpoint,
  call: UnaryCall,
  read: () => Message,
  answer: sendUnaryData<Message>,
): Promise<void> {
  const outcome = await runner.unary(endpoint, incomingCall(call), read);
  if ("problem" in outcome) answer(toGrpcError(outcome.problem));
  else answer(null, outcome.response);
}

/** One at a time: what a caller does not take must not pile up here. */
function writeTo(call: StreamCall): Write {
  return (message, taken) => call.write(message, taken);
}

async function endStream(call: StreamCall, ended: Promise<Problem | undefined>): Promise<void> {
  const problem = await ended;
  // grpc-js takes an error event as the call's status.
  if (problem) call.emit("error", toGrpcError(problem));
  else call.end();
}

async function* requestsOf(
  call: BidiStreamCall,
  read: (bytes: Uint8Array) => Message,
): AsyncGenerator<Message> {
  // The end of the requests must not be the end of the answers, which go through the same stream.
  const requests: AsyncIterable<Uint8Array> = (call as Readable).iterator({ destroyOnReturn: false });
  for await (const bytes of requests) yield read(bytes);
}

function decode({ method }: Endpoint, bytes: Uint8Array, bytesMax: number): Message {
  if (bytes.byteLength > bytesMax) throw new ProblemError(messageTooLarge(bytesMax));
  try {
    return fromBinary(method.input, bytes);
  } catch {
    throw new ProblemError(requestProblem(`the request is no message of type ${method.input.typeName}`));
  }
}

function incomingCall(call: ServerSurfaceCall): IncomingCall {
  return {
    door: "grpc",
    connection: call.getPeer(),
    header: (name) => call.metadata.get(name)[0]?.toString(),
    deadlineMs: Number(call.getDeadline()),
    onCancel: (listener) => call.on("cancelled", listener),
  };
}
