import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { messageTooLarge, TOLD_SIZES_MAX } from "./message-size.ts";
import { toConnectError } from "./problem-status.ts";

type UniversalHandler = ConnectRouter["handlers"][number];
type UniversalRequest = Parameters<UniversalHandler>[0];
type MethodOptions = NonNullable<Parameters<ConnectRouter["rpc"]>[2]>;

/** The largest that Connect can be told. */
const ANY_BYTES = 0xffffffff;
/** Before a message in gRPC's protocols: whether it is compressed, and its length. */
const ENVELOPE_BYTES = 5;

const FRAMED_TYPES = /^application\/(grpc|connect\+)/;

/** Connect's own refusals of large messages have no reason, so it is told of no limit; `withSizeLimit` keeps it. */
export function withoutOwnLimit(limitBytes: number): MethodOptions {
  const accepted = [compressionGzip, compressionBrotli].map((compression) => ({
    ...compression,
    decompress: async (bytes: Uint8Array) => {
      try {
        return await compression.decompress(bytes, limitBytes);
      } catch (error) {
        const tooLarge = error instanceof ConnectError && error.code === Code.ResourceExhausted;
        throw tooLarge ? toConnectError(messageTooLarge(limitBytes)) : error;
      }
    },
  }));
  return { readMaxBytes: ANY_BYTES, acceptCompression: accepted };
}

/** Refuses larger requests with our reason, in every protocol. For calls with one request. */
export function withSizeLimit(handler: UniversalHandler, limitBytes: number): UniversalHandler {
  const answer = (request: UniversalRequest) => handler(limited(request, limitBytes));
  return Object.assign(answer, { ...handler });
}

function limited(request: UniversalRequest, limitBytes: number): UniversalRequest {
  const { body } = request;
  if (!isStream(body)) return request;
  const framed = FRAMED_TYPES.test(request.header.get("content-type") ?? "");
  const bytesMax = framed ? limitBytes + ENVELOPE_BYTES : limitBytes;
  const header = new Headers(request.header);
  // Connect would set aside as much memory as is promised.
  if (Number(header.get("content-length")) > bytesMax) header.delete("content-length");
  return { ...request, header, body: counted(body, bytesMax, toConnectError(messageTooLarge(limitBytes))) };
}

/** What is too much is read and dropped: a caller that cannot finish sending may never look for the answer. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  refusal: ConnectError,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes <= bytesMax) yield chunk;
    else if (bytes > bytesMax * TOLD_SIZES_MAX) break;
  }
  if (bytes > bytesMax) throw refusal;
}

function isStream(body: UniversalRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
