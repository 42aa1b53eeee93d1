import { type DescMessage, type DescMethod, isMessage, type Message } from "@bufbuild/protobuf";
import { ApplyBatchRequestSchema } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";

/** A byte for "compressed", four for the length. */
const GRPC_PREFIX_BYTES = 5;
/** Of `organization_id`, which is the first field of all that changes something. */
const ORGANIZATION_TAG = 0x0a;
/** Of a field that has a length; the rest of the tag is its number. */
const WIRE_TYPE = 0x07;
const WITH_LENGTH = 2;
/** From here on, a length takes more than one byte; so long is the name of hardly any organization. */
const VARINT_MORE = 0x80;
/** An operation of ApplyBatch, and the request in it. */
const BATCH_DEPTH = 2;

/**
 * In how many messages the one lies that names the organization: that of the first operation, where there are several.
 * Undefined where calls of a method change nothing of an organization, and so never go through a lane.
 */
export function organizationDepth({ input }: DescMethod): number | undefined {
  if (hasRequestId(input)) return 0;
  return input.fields.some(({ message }) => message?.fields.some(isRequest)) ? BATCH_DEPTH : undefined;
}

function isRequest({ message }: DescMessage["fields"][number]): boolean {
  return message !== undefined && hasRequestId(message);
}

function hasRequestId({ field }: DescMessage): boolean {
  return field.requestId !== undefined && field.organizationId !== undefined;
}

/** The organization that a request is about; undefined if it names none. */
export function organizationOf(request: Message): string | undefined {
  if (isMessage(request, ApplyBatchRequestSchema))
    return request.operations[0]?.operation.value?.organizationId;
  return "organizationId" in request ? String(request.organizationId) : undefined;
}

/**
 * The same from the first bytes of a gRPC call, which are not decoded for it. Undefined also where the message is
 * compressed or has its fields in an order that no common encoder writes.
 */
export function organizationIn(bytes: Buffer, depth: number): string | undefined {
  if (bytes[0] !== 0) return undefined;
  let at = GRPC_PREFIX_BYTES;
  for (let level = 0; level < depth; level += 1) {
    if (((bytes[at] ?? 0) & WIRE_TYPE) !== WITH_LENGTH) return undefined;
    at += 1;
    while ((bytes[at] ?? 0) >= VARINT_MORE) at += 1;
    at += 1;
  }
  const [tag, length = 0] = [bytes[at], bytes[at + 1]];
  const begin = at + 2;
  const isThere = tag === ORGANIZATION_TAG && length < VARINT_MORE && begin + length <= bytes.length;
  return isThere ? bytes.toString("utf8", begin, begin + length) : undefined;
}
