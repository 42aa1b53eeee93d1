import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** Larger than nearly all answers but pages. */
const SCRATCH_BYTES = 16_384;

/** What is private of a writer. */
type Growing = { buffer: Uint8Array; ensureCapacity: (size: number) => void };

const scratch = new Uint8Array(SCRATCH_BYTES);
/** For the next writer to begin with. */
let lent: Uint8Array | undefined;
lendToWriters(BinaryWriter.prototype as unknown as Growing);

/**
 * `toBinary` with less garbage. Its writer begins with 128 bytes and doubles them, which for an answer of 600 is four
 * pieces of memory outside the heap beside its own: measured, 16 us instead of 9. It takes no writer or buffer from
 * outside, so its writers' own method is wrapped; a version that does not have it is as slow as before, and one whose writers
 * end without a copy fails a test.
 */
export function encode(schema: DescMessage, message: Message): Buffer {
  lent = scratch;
  try {
    const { buffer, byteOffset, byteLength } = toBinary(schema, message);
    // Without another copy: a writer's end is one.
    return Buffer.from(buffer, byteOffset, byteLength);
  } finally {
    lent = undefined;
  }
}

function lendToWriters(writers: Growing): void {
  const { ensureCapacity } = writers;
  if (ensureCapacity === undefined) return;
  writers.ensureCapacity = function lendAndGrow(this: Growing, size: number): void {
    if (lent !== undefined && this.buffer.length === 0) {
      this.buffer = lent;
      // A writer that another one needs meanwhile has memory of its own.
      lent = undefined;
    }
    ensureCapacity.call(this, size);
  };
}
