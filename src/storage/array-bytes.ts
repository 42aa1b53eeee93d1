import { TIME_MAX, TIME_MIN } from "../domain/time.ts";

/** What arrays may be of; jsonb is given as its text, bytes in hex, and a time in microseconds since 1970. */
export type ArrayType = keyof typeof TYPES;

export type Scalar = string | number | bigint | boolean | null;

/** What PostgreSQL calls a type, and how a value of it is written. */
type ElementType = Readonly<{
  oid: number;
  /** Of what a value takes, at the most. */
  bytesMax: (value: Scalar) => number;
  /** Returns how many bytes it took. */
  put: (room: Room, at: number, value: Scalar) => number;
}>;

type Room = Readonly<{ bytes: Buffer; view: DataView }>;

const LENGTH_BYTES = 4;
const HEADER_BYTES = 20;
const EMPTY_BYTES = 12;
const NULL_LENGTH = -1;
/** Longer texts are written by a call out of JavaScript, which costs as much as to write so many by one's own. */
const SHORT_TEXT = 40;
const UUID_LENGTH = 36;
const UUID_BYTES = 16;
const MICROS_1970_TO_2000 = 946_684_800_000_000n;
const JSONB_VERSION = 1;
const DASH = 45;
const NO_DIGIT = 16;
/** By the code of the character. */
const HEX_DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? NO_DIGIT : digit;
});

/**
 * PostgreSQL's types, by the identifiers of `pg_type.dat`, which never change, each as its `recv` function reads it.
 * See "Message Data Types" in PostgreSQL's manual, and `array_recv`.
 */
const TYPES = {
  text: { oid: 25, bytesMax: textBytesMax, put: putText },
  uuid: { oid: 2950, bytesMax: () => UUID_BYTES, put: putUuid },
  bigint: { oid: 20, bytesMax: () => 8, put: putBigint },
  integer: { oid: 23, bytesMax: () => 4, put: putInteger },
  boolean: { oid: 16, bytesMax: () => 1, put: putBoolean },
  timestamptz: { oid: 1184, bytesMax: () => 8, put: putTime },
  bytea: { oid: 17, bytesMax: (value) => String(value).length / 2, put: putHex },
  jsonb: { oid: 3802, bytesMax: (value) => 1 + textBytesMax(value), put: putJson },
} as const satisfies Record<string, ElementType>;

/**
 * Writes arrays as PostgreSQL takes them without reading text: of the 23 us that a transaction's row took it, 9 were
 * for that, and node-postgres would quote and escape each element. The arrays of a statement share memory as far as it goes.
 */
export class ArrayBytes {
  #room: Room;
  #length = 0;

  constructor(bytesExpected: number) {
    this.#room = roomOf(bytesExpected);
  }

  write<Row>(type: ArrayType, rows: readonly Row[], value: (row: Row) => Scalar): Buffer {
    const { oid, bytesMax, put }: ElementType = TYPES[type];
    let [start, nulls] = [this.#length, 0];
    let at = start + HEADER_BYTES;
    for (const row of rows) {
      const scalar = value(row) ?? null;
      const bytesNeeded = LENGTH_BYTES + (scalar === null ? 0 : bytesMax(scalar));
      if (at + bytesNeeded > this.#room.bytes.length) {
        this.#grow(start, at, bytesNeeded);
        at -= start;
        start = 0;
      }
      if (scalar === null) nulls += 1;
      const length = scalar === null ? NULL_LENGTH : put(this.#room, at + LENGTH_BYTES, scalar);
      this.#room.view.setInt32(at, length);
      at += LENGTH_BYTES + Math.max(length, 0);
    }
    if (nulls === rows.length) return emptyArray(oid);
    putHeader(this.#room, start, { oid, count: rows.length, hasNulls: nulls > 0 });
    this.#length = at;
    return this.#room.bytes.subarray(start, at);
  }

  /** Arrays that are done stay where they are. */
  #grow(start: number, at: number, bytesNeeded: number): void {
    const begun = this.#room.bytes.subarray(start, at);
    this.#room = roomOf(2 * (at - start + bytesNeeded));
    begun.copy(this.#room.bytes);
  }
}

function roomOf(length: number): Room {
  const bytes = Buffer.allocUnsafeSlow(length);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

type Header = Readonly<{ oid: number; count: number; hasNulls: boolean }>;

/** One dimension, from 1 on. */
function putHeader({ view }: Room, at: number, { oid, count, hasNulls }: Header): void {
  view.setInt32(at, 1);
  view.setInt32(at + 4, hasNulls ? 1 : 0);
  view.setInt32(at + 8, oid);
  view.setInt32(at + 12, count);
  view.setInt32(at + 16, 1);
}

/** No dimension. */
function emptyArray(oid: number): Buffer {
  const bytes = Buffer.alloc(EMPTY_BYTES);
  bytes.writeInt32BE(oid, 8);
  return bytes;
}

/** Whether an array has nothing but nulls: then it is written without them, as one that is shorter than others is filled up. */
export function isNothing(array: Buffer): boolean {
  return array.length === EMPTY_BYTES;
}

/** A character of UTF-16 is three bytes of UTF-8 at the most. */
function textBytesMax(value: Scalar): number {
  return String(value).length * 3;
}

function putText({ bytes }: Room, at: number, value: Scalar): number {
  const text = String(value);
  if (text.length > SHORT_TEXT) return bytes.write(text, at);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) return bytes.write(text, at);
    bytes[at + index] = code;
  }
  return text.length;
}

function putJson(room: Room, at: number, value: Scalar): number {
  room.bytes[at] = JSONB_VERSION;
  return 1 + putText(room, at + 1, value);
}

function putUuid({ bytes }: Room, at: number, value: Scalar): number {
  const text = String(value);
  let [put, high] = [at, NO_DIGIT];
  for (let index = 0; index < UUID_LENGTH; index += 1) {
    const code = text.charCodeAt(index);
    const isDash = index === 8 || index === 13 || index === 18 || index === 23;
    const digit = HEX_DIGITS[code] ?? NO_DIGIT;
    if (isDash ? code !== DASH : digit === NO_DIGIT) throw new Error(`not a UUID: ${text}`);
    if (isDash) continue;
    if (high === NO_DIGIT) high = digit;
    else {
      bytes[put] = high * 16 + digit;
      put += 1;
      high = NO_DIGIT;
    }
  }
  if (text.length !== UUID_LENGTH) throw new Error(`not a UUID: ${text}`);
  return UUID_BYTES;
}

function putHex({ bytes }: Room, at: number, value: Scalar): number {
  const text = String(value);
  const length = bytes.write(text, at, "hex");
  if (length * 2 !== text.length) throw new Error(`not in hex: ${text}`);
  return length;
}

function putBigint({ view }: Room, at: number, value: Scalar): number {
  const whole = wholeOf(value);
  if (BigInt.asIntN(64, whole) !== whole) throw new Error(`not a bigint of PostgreSQL's: ${whole}`);
  view.setBigInt64(at, whole);
  return 8;
}

function putInteger({ view }: Room, at: number, value: Scalar): number {
  if (typeof value !== "number" || (value | 0) !== value)
    throw new Error(`not an integer of PostgreSQL's: ${value}`);
  view.setInt32(at, value);
  return 4;
}

function putBoolean({ bytes }: Room, at: number, value: Scalar): number {
  if (typeof value !== "boolean") throw new Error(`not a boolean: ${value}`);
  bytes[at] = value ? 1 : 0;
  return 1;
}

/** Of the years 1 to 9999 only: others are read back as no time at all. */
function putTime(room: Room, at: number, value: Scalar): number {
  const time = wholeOf(value);
  if (time < TIME_MIN || time > TIME_MAX) throw new Error(`not a time of the years 1 to 9999: ${time}`);
  return putBigint(room, at, time - MICROS_1970_TO_2000);
}

/** A row's text is PostgreSQL's own. */
function wholeOf(value: Scalar): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" || (typeof value === "string" && /^-?\d+$/.test(value))) return BigInt(value);
  throw new Error(`not a whole number: ${value}`);
}
