import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { writerOf } from "./message-writer.ts";

/** Larger than nearly all answers but pages. */
const SCRATCH_BYTES = 65_536;
/** What is larger than this is written twice, the first time to know its length: no slower than the library is. */
const SCRATCH_BYTES_MAX = 4_194_304;

let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** The bytes of the library's `toBinary`, sooner. What can't be encoded is refused by the library, in its words. */
export function encode(schema: DescMessage, message: Message): Buffer {
  try {
    return written(schema, message);
  } catch {
    return Buffer.from(toBinary(schema, message));
  }
}

function written(schema: DescMessage, message: Message): Buffer {
  const write = writerOf(schema);
  const begin = write(scratch, scratch.length, message);
  if (begin >= 0) return Buffer.from(scratch.subarray(begin));
  const length = scratch.length - begin;
  const bytes = Buffer.allocUnsafeSlow(length);
  write(bytes, length, message);
  if (length <= SCRATCH_BYTES_MAX) scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)));
  return bytes;
}
