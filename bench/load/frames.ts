/** The frames of HTTP/2 that a unary gRPC caller sends and meets (RFC 9113). */
export const FRAME = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const FLAG_END_STREAM = 0x1;
export const FLAG_ACK = 0x1;
const FLAG_END_HEADERS = 0x4;

export const FRAME_HEADER_BYTES = 9;
/** Where the number of the stream stands in a frame. */
export const STREAM_ID_AT = 5;
/** One byte for "not compressed", four for the length. */
export const GRPC_PREFIX_BYTES = 5;
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const WINDOW_BYTES_INITIAL = 65_535;

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Two for its number, four for its value. */
const SETTING_BYTES = 6;
const SETTING_HEADER_TABLE_SIZE = 1;
export const SETTING_CONCURRENT_STREAMS_MAX = 3;
const SETTING_INITIAL_WINDOW_SIZE = 4;

export function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(streamId, STREAM_ID_AT);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}

/**
 * What a connection begins with: answers may come without waiting for window updates. Headers that are to be read
 * must come without a dynamic table, which a server may use otherwise.
 */
export function opening(readsHeaders: boolean): Buffer {
  const settings = Buffer.concat([
    setting(SETTING_INITIAL_WINDOW_SIZE, WINDOW_BYTES_MAX),
    ...(readsHeaders ? [setting(SETTING_HEADER_TABLE_SIZE, 0)] : []),
  ]);
  const window = windowUpdate(WINDOW_BYTES_MAX - WINDOW_BYTES_INITIAL);
  return Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, settings), window]);
}

/** The value of a setting in the payload of a SETTINGS frame; undefined if it is not in there. */
export function settingIn(payload: Buffer, id: number): number | undefined {
  for (let at = 0; at + SETTING_BYTES <= payload.length; at += SETTING_BYTES)
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2);
  return undefined;
}

function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(SETTING_BYTES);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** The HEADERS and DATA frames of a call, with 0 where the stream's number belongs. */
export function callFrames(path: string, message: Buffer): Buffer {
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  const headers = frame(FRAME.headers, FLAG_END_HEADERS, 0, headerBlock(path));
  return Buffer.concat([headers, frame(FRAME.data, FLAG_END_STREAM, 0, Buffer.concat([prefix, message]))]);
}

/** HPACK without its dynamic table: two indexed fields, then literals with a static or a literal name. */
function headerBlock(path: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    literal([0x04], path), // :path
    literal([0x01], "127.0.0.1"), // :authority
    literal([0x0f, 0x10], "application/grpc"), // content-type
    literal([0x00, ...text("te")], "trailers"),
    // Callers have a deadline, and what it costs a server belongs to the call.
    literal([0x00, ...text("grpc-timeout")], "20S"),
    literal([0x0f, 0x2b], "pleyor-credits-bench"), // user-agent
  ]);
}

function literal(name: readonly number[], value: string): Buffer {
  return Buffer.from([...name, ...text(value)]);
}

/** A string without Huffman's code, shorter than 127 bytes. */
function text(value: string): readonly number[] {
  if (value.length >= 127) throw new Error(`too long for one byte of length: ${value}`);
  return [value.length, ...Buffer.from(value)];
}
