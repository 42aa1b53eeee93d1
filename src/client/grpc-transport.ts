import { create, type DescMessage, type DescMethodUnary, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport, type UnaryResponse } from "@connectrpc/connect";
import { type ChannelCredentials, type ChannelOptions, Client, credentials, Metadata } from "@grpc/grpc-js";
import { connectErrorFromGrpc, headersFromMetadata } from "./grpc-status.ts";
import { callServerStream } from "./grpc-stream.ts";

export interface GrpcTransportOptions {
  /** `host:port`, or any other gRPC target. */
  readonly address: string;
  /** Absent: clear text. */
  readonly credentials?: ChannelCredentials;
}

export interface ClosableTransport extends Transport {
  close(): void;
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // The defaults (1 s to 120 s) would leave a restarted server alone for longer than a call is retried.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  // A peer that vanished without a word is noticed by pings; otherwise every retry goes to the dead connection.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // A replayed batch of 1,000 reservations shows each twice, with its labels: 12 MB of letters, 35 MB at the worst.
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
  // As Connect does: a proxy for the outside world has no business between two services.
  "grpc.enable_http_proxy": 0,
};

/**
 * A Connect transport over @grpc/grpc-js, which does nearly three times as many calls a second as Connect's own
 * and throws the same ConnectErrors.
 */
export function createGrpcTransport(options: GrpcTransportOptions): ClosableTransport {
  const channel = new Client(
    options.address,
    options.credentials ?? credentials.createInsecure(),
    CHANNEL_OPTIONS,
  );
  const calls = new Set<{ cancel(): void }>();
  return {
    async unary(method, signal, timeoutMs, header, input) {
      if (signal?.aborted) {
        throw ConnectError.from(signal.reason, Code.Canceled);
      }
      // Before the call: what can't be written is the caller's mistake, and must not look like a failed call.
      const request = Buffer.from(toBinary(method.input, create(method.input, input)));
      return await callUnary({ channel, calls, method, signal, timeoutMs, header, request });
    },
    async stream(method, signal, timeoutMs, header, request) {
      if (method.methodKind !== "server_streaming") {
        const message = `${method.name} has many requests, which this transport does not carry`;
        throw new ConnectError(message, Code.Unimplemented);
      }
      const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
      const metadata = metadataFromHeaders(header);
      const streaming = { ...method, methodKind: "server_streaming" } as const;
      return await callServerStream({
        channel,
        calls,
        method: streaming,
        signal,
        deadline,
        metadata,
        request,
      });
    },
    close() {
      channel.close();
      // The channel itself would let them finish, which Connect's connections don't.
      for (const call of calls) {
        call.cancel();
      }
    },
  };
}

interface UnaryCall<I extends DescMessage, O extends DescMessage> {
  readonly channel: Client;
  /** Those in flight. */
  readonly calls: Set<{ cancel(): void }>;
  readonly method: DescMethodUnary<I, O>;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly header: ConstructorParameters<typeof Headers>[0];
  readonly request: Buffer;
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  options: UnaryCall<I, O>,
): Promise<UnaryResponse<I, O>> {
  const { channel, calls, method, signal, timeoutMs } = options;
  const { promise, resolve, reject } = Promise.withResolvers<UnaryResponse<I, O>>();
  const received = { header: new Headers(), trailer: new Headers() };
  const call = channel.makeUnaryRequest(
    `/${method.parent.typeName}/${method.name}`,
    (bytes: Buffer) => bytes,
    (bytes) => fromBinary(method.output, bytes),
    options.request,
    metadataFromHeaders(options.header),
    timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
    (error, message) => {
      calls.delete(call);
      signal?.removeEventListener("abort", cancel);
      if (message !== undefined) {
        resolve({ stream: false, service: method.parent, method, message, ...received });
      } else if (signal?.aborted) {
        reject(ConnectError.from(signal.reason, Code.Canceled));
      } else {
        reject(error === null ? new ConnectError("no answer", Code.Internal) : connectErrorFromGrpc(error));
      }
    },
  );
  const cancel = () => call.cancel();
  calls.add(call);
  signal?.addEventListener("abort", cancel);
  call.on("metadata", (metadata) => copyHeaders(headersFromMetadata(metadata), received.header));
  // Comes after the callback, but before anybody who awaits the promise runs.
  call.on("status", ({ metadata }) => copyHeaders(headersFromMetadata(metadata), received.trailer));
  return promise;
}

function metadataFromHeaders(header: UnaryCall<DescMessage, DescMessage>["header"]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of new Headers(header)) {
    metadata.set(key, value);
  }
  return metadata;
}

function copyHeaders(from: Headers, to: Headers): void {
  for (const [key, value] of from) {
    to.set(key, value);
  }
}
