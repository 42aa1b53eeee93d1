import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { CallContext } from "./call.ts";

type Input<M extends DescMethod> = MessageShape<M["input"]>;
type Output<M extends DescMethod> = MessageShape<M["output"]>;

export type UnaryHandler<M extends DescMethod> = (
  request: Input<M>,
  context: CallContext,
) => Output<M> | Promise<Output<M>>;
/** Gives the caller a message. Resolves once they can take another; rejects once nobody waits for it any more. */
export type Send<T> = (message: T) => Promise<void>;
export type ServerStreamHandler<M extends DescMethod> = (
  request: Input<M>,
  context: CallContext,
  send: Send<Output<M>>,
) => Promise<void>;
export type BidiStreamHandler<M extends DescMethod> = (
  requests: AsyncIterable<Input<M>>,
  context: CallContext,
  send: Send<Output<M>>,
) => Promise<void>;

/** The handler of each kind of method. No service here takes a stream and answers once. */
type Handler<M extends DescMethod> = M extends { methodKind: "unary" }
  ? UnaryHandler<M>
  : M extends { methodKind: "server_streaming" }
    ? ServerStreamHandler<M>
    : BidiStreamHandler<M>;

/** One handler for each method of a service. */
export type Handlers<S extends DescService> = {
  readonly [Name in keyof S["method"]]: Handler<S["method"][Name]>;
};

type Served<Kind extends string, Handle> = Readonly<{
  kind: Kind;
  method: DescMethod;
  handle: Handle;
  /** Whether it answers while the server drains, as health does. */
  whileDraining: boolean;
}>;

/** A method as both doors serve it; what messages its handler takes and gives, only `method` knows here. */
export type UnaryEndpoint = Served<"unary", UnaryHandler<DescMethod>>;
export type ServerStreamEndpoint = Served<"server_streaming", ServerStreamHandler<DescMethod>>;
export type BidiStreamEndpoint = Served<"bidi_streaming", BidiStreamHandler<DescMethod>>;
export type StreamEndpoint = ServerStreamEndpoint | BidiStreamEndpoint;
export type Endpoint = UnaryEndpoint | StreamEndpoint;

/** A handler of what is made one after the other, as it is asked for. */
export function sendEach<Request, Response>(
  answersTo: (request: Request, context: CallContext) => AsyncIterable<Response>,
) {
  return async (request: Request, context: CallContext, send: Send<Response>): Promise<void> => {
    for await (const answer of answersTo(request, context)) await send(answer);
  };
}

/** A service as both doors serve it. */
export type Route = Readonly<{ service: DescService; endpoints: readonly Endpoint[] }>;

export function route<S extends DescService>(
  service: S,
  handlers: Handlers<S>,
  { whileDraining = false } = {},
): Route {
  // Handlers<S> has checked that each handler fits its method.
  const byName = handlers as unknown as Readonly<Record<string, Endpoint["handle"]>>;
  const endpoints = service.methods.map((method) => {
    return { kind: method.methodKind, method, handle: byName[method.localName], whileDraining } as Endpoint;
  });
  return { service, endpoints };
}
