import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import {
  create,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import type { CreditClientOptions } from "../../src/client/client.ts";
import { CuttableProxy } from "./cuttable-proxy.ts";

/** How the service takes one request: answers, breaks the connection, never answers, or refuses. */
export type Reaction = "answer" | "cut" | "hang" | ConnectError;

export const DOORS = ["grpc", "connect over HTTP/2", "connect over HTTP/1.1"] as const;
export type Door = (typeof DOORS)[number];

const SERVICES: readonly DescService[] = [CreditService, GrantService];

/** A real server that does what a test tells it, and remembers what it was sent. */
export class ScriptedService {
  readonly requests: Message[] = [];
  /** One for each request, in their order; afterwards the last one goes on. */
  script: readonly Reaction[] = ["answer"];
  readonly #door: Door;
  readonly #proxy: CuttableProxy;
  readonly #stopServer: () => Promise<void>;

  private constructor(door: Door, proxy: CuttableProxy, stopServer: () => Promise<void>) {
    this.#door = door;
    this.#proxy = proxy;
    this.#stopServer = stopServer;
  }

  static async start(door: Door): Promise<ScriptedService> {
    // The servers start first and know the service only by this.
    const react: React = (method, request, signal) => service.#react(method, request, signal);
    const { port, stop } = door === "grpc" ? await startGrpc(react) : await startConnect(door, react);
    const service = new ScriptedService(door, await CuttableProxy.start(port), stop);
    return service;
  }

  get clientOptions(): CreditClientOptions {
    const address = `127.0.0.1:${this.#proxy.port}`;
    return this.#door === "grpc"
      ? { transport: "grpc", address }
      : {
          transport: "connect",
          baseUrl: `http://${address}`,
          httpVersion: this.#door === "connect over HTTP/2" ? "2" : "1.1",
        };
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.#stopServer();
  }

  async #react(method: DescMethodUnary, request: Message, signal: AbortSignal): Promise<Message> {
    const reaction = this.script[Math.min(this.requests.length, this.script.length - 1)];
    this.requests.push(request);
    if (reaction === "cut") {
      this.#proxy.cut();
    }
    if (reaction instanceof ConnectError) {
      throw reaction;
    }
    if (reaction !== "answer" && !signal.aborted) {
      await once(signal, "abort");
    }
    return create(method.output);
  }
}

type React = (method: DescMethodUnary, request: Message, signal: AbortSignal) => Promise<Message>;

interface StartedServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

async function startConnect(door: Door, react: React): Promise<StartedServer> {
  const routes = (router: ConnectRouter) => {
    for (const method of SERVICES.flatMap(unaryMethods)) {
      router.rpc(method, (request, context) => react(method, request, context.signal));
    }
  };
  const handler = connectNodeAdapter({ routes });
  const server: NetServer =
    door === "connect over HTTP/2" ? createHttp2Server(handler) : createHttpServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.close();
    await once(server, "close");
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

async function startGrpc(react: React): Promise<StartedServer> {
  const server = new Server();
  for (const service of SERVICES) {
    const methods = unaryMethods(service);
    const handlers = methods.map((method) => [method.name, grpcHandler(method, react)]);
    server.addService(definitionOf(methods), Object.fromEntries(handlers));
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  const stop = () => Promise.resolve(server.forceShutdown());
  return { port: await promise, stop };
}

function grpcHandler(method: DescMethodUnary, react: React): handleUnaryCall<Message, Message> {
  return (call, callback) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => cancelled.abort());
    react(method, call.request, cancelled.signal).then(
      (answer) => callback(null, answer),
      (error) => callback(grpcError(ConnectError.from(error))),
    );
  };
}

function grpcError({ code, rawMessage, details }: ConnectError) {
  const status = create(StatusSchema, {
    code,
    message: rawMessage,
    details: details.flatMap((detail) =>
      "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
    ),
  });
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return { code: code as number, details: rawMessage, metadata };
}

function definitionOf(methods: readonly DescMethodUnary[]): ServiceDefinition {
  return Object.fromEntries(
    methods.map((method) => [
      method.name,
      {
        path: `/${method.parent.typeName}/${method.name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
        responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
      },
    ]),
  );
}

function unaryMethods(service: DescService): DescMethodUnary[] {
  return service.methods.filter((method): method is DescMethodUnary => method.methodKind === "unary");
}
