import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";
import type { Client, ClientReadableStream, Metadata, ServiceError } from "@grpc/grpc-js";
import { connectErrorFromGrpc, headersFromMetadata } from "./grpc-status.ts";

interface ServerStream<I extends DescMessage, O extends DescMessage> {
  readonly channel: Client;
  /** Those in flight. */
  readonly calls: Set<{ cancel(): void }>;
  readonly method: DescMethodServerStreaming<I, O>;
  readonly signal: AbortSignal | undefined;
  readonly deadline: number | undefined;
  readonly metadata: Metadata;
  readonly request: AsyncIterable<Parameters<typeof create<I>>[1]>;
}

/** Begins a call that has one request and many answers, which are read no faster than they are taken. */
export async function callServerStream<I extends DescMessage, O extends DescMessage>(
  options: ServerStream<I, O>,
): Promise<StreamResponse<I, O>> {
  const { channel, calls, method, signal, deadline, metadata } = options;
  const call = channel.makeServerStreamRequest(
    `/${method.parent.typeName}/${method.name}`,
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    await onlyRequest(method, options.request),
    metadata,
    deadline === undefined ? {} : { deadline },
  );
  calls.add(call);
  const received = { header: new Headers(), trailer: new Headers() };
  call.on("metadata", (each) => copyHeaders(headersFromMetadata(each), received.header));
  call.on("status", (status) => {
    calls.delete(call);
    copyHeaders(headersFromMetadata(status.metadata), received.trailer);
  });
  // Told to whoever reads; an error that nobody reads must not end the process.
  call.on("error", () => undefined);
  const message = messagesOf(call, method, signal);
  return { stream: true, service: method.parent, method, message, ...received };
}

async function* messagesOf<I extends DescMessage, O extends DescMessage>(
  call: ClientReadableStream<Buffer>,
  { output }: DescMethodServerStreaming<I, O>,
  signal: AbortSignal | undefined,
) {
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel);
  try {
    if (signal?.aborted) cancel();
    for await (const bytes of call as AsyncIterable<Buffer>) yield fromBinary(output, bytes);
  } catch (error) {
    if (signal?.aborted) throw ConnectError.from(signal.reason, Code.Canceled);
    throw isServiceError(error) ? connectErrorFromGrpc(error) : error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    // Who stops reading wants no more.
    call.cancel();
  }
}

async function onlyRequest<I extends DescMessage>(
  { input }: DescMethodServerStreaming<I, DescMessage>,
  requests: AsyncIterable<Parameters<typeof create<I>>[1]>,
): Promise<Buffer> {
  for await (const request of requests) return Buffer.from(toBinary(input, create(input, request)));
  throw new ConnectError("a call without a request", Code.Internal);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "details" in error && "metadata" in error;
}

function copyHeaders(from: Headers, to: Headers): void {
  for (const [key, value] of from) to.set(key, value);
}
