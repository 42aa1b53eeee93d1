import {
  clone,
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { v7 } from "uuid";

/**
 * The request as it is sent, each time that it is sent: a copy, so that what the caller does to its own while a
 * retry waits changes nothing, with a request id (UUIDv7) wherever the caller left it out. A batch's operations
 * have one each.
 */
export function withRequestIds<I extends DescMessage>(
  schema: I,
  input: MessageInitShape<I>,
): MessageShape<I> {
  const message = clone(schema, create(schema, input));
  fillIn(message);
  return message;
}

function fillIn(message: object): void {
  if ("requestId" in message) {
    message.requestId ||= v7();
  }
  if ("operations" in message && Array.isArray(message.operations)) {
    for (const { operation } of message.operations) {
      if (operation.case !== undefined) {
        fillIn(operation.value);
      }
    }
  }
}
