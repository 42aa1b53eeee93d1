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
export type StreamHandler<M extends DescMethod> = (
  requests: AsyncIterable<Input<M>>,
  context: CallContext,
  send: Send<Output<M>>,
) => Promise<void>;

/** One handler for each method of a service. Of a server stream, `requests` has one. */
export type Handlers<S extends DescService> = {
  readonly [Name in keyof S["method"]]: S["method"][Name] extends { methodKind: "unary" }
    ? UnaryHandler<S["method"][Name]>
    : StreamHandler<S["method"][Name]>;
};

type Served<Kind extends string, Handler> = Readonly<{
  kind: Kind;
  method: DescMethod;
  handle: Handler;
  /** Whether it answers while the server drains, as health does. */
  whileDraining: boolean;
}>;

/** A method as both doors serve it; what messages its handler takes and gives, only `method` knows here. */
export type UnaryEndpoint = Served<"unary", UnaryHandler<DescMethod>>;
export type StreamEndpoint = Served<"stream", StreamHandler<DescMethod>>;
export type Endpoint = UnaryEndpoint | StreamEndpoint;

/** A handler of what is made one after the other, as it is asked for. */
export function sendEach<Request, Response>(
  answersOf: (requests: AsyncIterable<Request>, context: CallContext) => AsyncIterable<Response>,
) {
  return async (
    requests: AsyncIterable<Request>,
    context: CallContext,
    send: Send<Response>,
  ): Promise<void> => {
    for await (const answer of answersOf(requests, context)) await send(answer);
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
    const kind = method.methodKind === "unary" ? "unary" : "stream";
    return { kind, method, handle: byName[method.localName], whileDraining } as Endpoint;
  });
  return { service, endpoints };
}
