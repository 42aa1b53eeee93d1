import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { encode } from "./encoding/message-encoding.ts";
import { writerOf } from "./encoding/message-writer.ts";
import type { Route } from "./endpoint.ts";

type Definition = MethodDefinition<Uint8Array, Message>;

/** A service as grpc-js wants it described. */
export function toServiceDefinition({ service }: Route): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, toMethodDefinition(method)]));
}

function toMethodDefinition(method: DescMethod): Definition {
  const { methodKind, parent, name, output } = method;
  // Made now, so that no call waits for it.
  writerOf(output);
  const responseStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream,
    // Requests stay bytes until a handler's surroundings decode them, so that bad bytes are an error like any other.
    requestSerialize: (bytes) => Buffer.from(bytes),
    requestDeserialize: (bytes) => bytes,
    responseSerialize: responseStream ? serializeOnce(output) : (message) => encode(output, message),
    responseDeserialize: unused,
  };
}

/** A stream's message may be told to thousands: it is encoded for the first of them. */
function serializeOnce(output: DescMessage): (message: Message) => Buffer {
  const known = new WeakMap<Message, Buffer>();
  return (message) => {
    const bytes = known.get(message) ?? ownCopy(encode(output, message));
    known.set(message, bytes);
    return bytes;
  };
}

/** What is kept long must not keep the memory that many messages share. */
function ownCopy(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

function unused(): never {
  throw new Error("a server does not decode its own responses");
}
