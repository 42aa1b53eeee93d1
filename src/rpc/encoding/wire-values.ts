/**
 * Values as Protobuf's wire format has them, each written before `end` of the bytes; what is given is where it begins.
 * From the end, because a length stands before what it counts: nothing written has to be moved. Where there is no room
 * the place becomes less than zero; what is outside the bytes is not written, as a typed array ignores it. The
 * first time that happens, V8 compiles these anew, and 10 % slower.
 */

/** What is not of its field's type: the library tells what is wrong with it. */
export function unusual(): never {
  throw new Error("nothing that can be written here");
}

/** Up to here a loop is faster than a call into the runtime. */
const LOOPED_LENGTH_MAX = 48;
const ASCII_MAX = 0x7f;
/** A varint is made of groups of seven bits; one with this bit is followed by another. */
const MORE = 0x80;
const GROUP_MASK = 0x7f;
const GROUP_SIZE = 0x80;
/** What is too large for a number is written in two: seven groups, and the rest. */
const LOW_GROUPS = 7;
const LOW_BITS = 49n;
const LOW_MASK = (1n << LOW_BITS) - 1n;
const BITS = 64;

/** Of a whole number from 0 to 2^53 - 1. */
export function writeVarint(bytes: Buffer, end: number, value: number): number {
  if (value < GROUP_SIZE) {
    bytes[end - 1] = value;
    return end - 1;
  }
  let begin = end - 1;
  for (let left = value; left >= GROUP_SIZE; left = Math.floor(left / GROUP_SIZE)) begin -= 1;
  bytes[end - 1] = putGroups(bytes, begin, end - 1, value);
  return begin;
}

/** The lowest first, each with the sign that there are more; gives what is left. */
function putGroups(bytes: Buffer, begin: number, end: number, value: number): number {
  let left = value;
  for (let at = begin; at < end; at++) {
    bytes[at] = (left & GROUP_MASK) | MORE;
    left = Math.floor(left / GROUP_SIZE);
  }
  return left;
}

export function writeInt32(bytes: Buffer, end: number, value: unknown): number {
  if (typeof value !== "number" || (value | 0) !== value) return unusual();
  return value >= 0 ? writeVarint(bytes, end, value) : writeLarge(bytes, end, BigInt(value));
}

export function writeInt64(bytes: Buffer, end: number, value: unknown): number {
  if (typeof value !== "bigint") return unusual();
  const number = Number(value);
  if (number >= 0 && number <= Number.MAX_SAFE_INTEGER) return writeVarint(bytes, end, number);
  if (BigInt.asIntN(BITS, value) !== value) return unusual();
  return writeLarge(bytes, end, value);
}

/** One less than zero, as a whole of 64 bits, or one of 50 bits and more. */
function writeLarge(bytes: Buffer, end: number, value: bigint): number {
  const whole = BigInt.asUintN(BITS, value);
  const high = writeVarint(bytes, end, Number(whole >> LOW_BITS));
  putGroups(bytes, high - LOW_GROUPS, high, Number(whole & LOW_MASK));
  return high - LOW_GROUPS;
}

export function writeBool(bytes: Buffer, end: number, value: unknown): number {
  if (value !== true && value !== false) return unusual();
  bytes[end - 1] = value ? 1 : 0;
  return end - 1;
}

/** Behind its length, as bytes are. */
export function writeText(bytes: Buffer, end: number, value: unknown): number {
  if (typeof value !== "string") return unusual();
  const { length } = value;
  if (length > LOOPED_LENGTH_MAX) return writeUtf8(bytes, end, value);
  const begin = end - length;
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at);
    if (code > ASCII_MAX) return writeUtf8(bytes, end, value);
    bytes[begin + at] = code;
  }
  return writeVarint(bytes, begin, length);
}

function writeUtf8(bytes: Buffer, end: number, value: string): number {
  const length = Buffer.byteLength(value);
  if (end >= length) bytes.write(value, end - length, length);
  return writeVarint(bytes, end - length, length);
}

export function writeBytes(bytes: Buffer, end: number, value: unknown): number {
  if (!(value instanceof Uint8Array)) return unusual();
  return writeVarint(bytes, writeRaw(bytes, end, value), value.length);
}

export function writeRaw(bytes: Buffer, end: number, value: Uint8Array): number {
  if (end >= value.length) bytes.set(value, end - value.length);
  return end - value.length;
}
