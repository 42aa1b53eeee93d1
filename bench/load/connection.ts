import { connect, type Socket } from "node:net";
import {
  FLAG_ACK,
  FLAG_END_STREAM,
  FRAME,
  FRAME_HEADER_BYTES,
  frame,
  GRPC_PREFIX_BYTES,
  opening,
  SETTING_CONCURRENT_STREAMS_MAX,
  STREAM_ID_AT,
  settingIn,
  WINDOW_BYTES_INITIAL,
  windowUpdate,
} from "./frames.ts";
import { statusIn } from "./grpc-status.ts";
import type { PreparedCall } from "./prepared-call.ts";

/** Of a GOAWAY's payload, behind the last stream. */
const GO_AWAY_CODE_AT = 4;

/**
 * Told the message of an answer, or undefined where the call failed: a failed unary call has none. Then `status` is
 * that of its trailers, where the connection reads them and there were any.
 */
export type OnAnswer = (message: Buffer | undefined, status: number | undefined) => void;

type Stream = { readonly onAnswer: OnAnswer; received: Buffer | undefined; status: number | undefined };

/** A call that waits until it may be sent. */
type Unsent = Readonly<{ call: PreparedCall; bytes: Buffer; onAnswer: OnAnswer }>;

const RETURN_WINDOW_AFTER_BYTES = 1 << 20;
/** The least that servers should let be in flight (RFC 9113, 6.5.2). */
const STREAMS_MAX_UNTOLD = 100;

/**
 * One HTTP/2 connection that makes unary gRPC calls and nothing else. It sends frames that were made before and
 * reads of an answer only its message: 5 us of CPU a call where grpc-js takes 70, so that on two cores the load
 * does not compete with what it measures.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #streams = new Map<number, Stream>();
  readonly #onLost: (error: Error) => void;
  readonly #readsHeaders: boolean;
  /** As many calls as the server lets be in flight, once it has said so: one more, and it would close the connection. */
  #streamsMax = STREAMS_MAX_UNTOLD;
  #nextStreamId = 1;
  #unread: Buffer = Buffer.alloc(0);
  #sendWindow = WINDOW_BYTES_INITIAL;
  #receivedBytes = 0;
  readonly #unsent: Unsent[] = [];
  #corked = false;

  private constructor(socket: Socket, onLost: (error: Error) => void, readsHeaders: boolean) {
    this.#socket = socket;
    this.#readsHeaders = readsHeaders;
    this.#onLost = onLost;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", onLost);
    socket.write(opening(readsHeaders));
  }

  static open(address: string, onLost: (error: Error) => void, readsHeaders = false): Promise<Connection> {
    const [host = "", port = ""] = address.split(":");
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) }, () =>
        resolve(new Connection(socket, onLost, readsHeaders)),
      );
      socket.once("error", reject);
    });
  }

  call(call: PreparedCall, onAnswer: OnAnswer): void {
    // Copied now: the next call of the same caller has the same frames.
    this.#unsent.push({ call, bytes: Buffer.from(call.frames), onAnswer });
    this.#flush();
  }

  close(): void {
    this.#socket.removeAllListeners("error");
    this.#socket.on("error", () => undefined);
    this.#socket.destroy();
  }

  /** Sends what the server has room for; calls of one turn of the event loop share a packet. */
  #flush(): void {
    for (let next = this.#unsent[0]; next && this.#hasRoomFor(next); next = this.#unsent[0]) {
      this.#unsent.shift();
      this.#send(next);
    }
  }

  #hasRoomFor({ call: { dataBytes } }: Unsent): boolean {
    return dataBytes <= this.#sendWindow && this.#streams.size < this.#streamsMax;
  }

  #send({ call: { dataFrameAt, dataBytes }, bytes, onAnswer }: Unsent): void {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#streams.set(streamId, { onAnswer, received: undefined, status: undefined });
    bytes.writeUInt32BE(streamId, STREAM_ID_AT);
    bytes.writeUInt32BE(streamId, dataFrameAt + STREAM_ID_AT);
    this.#sendWindow -= dataBytes;
    this.#cork();
    this.#socket.write(bytes);
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #read(bytes: Buffer): void {
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    let at = 0;
    while (all.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + all.readUIntBE(at, 3);
      if (end > all.length) break;
      this.#meet(all.subarray(at, end));
      at = end;
    }
    this.#unread = all.subarray(at);
  }

  #meet(bytes: Buffer): void {
    const [type, flags] = [bytes[3], bytes[4] ?? 0];
    const streamId = bytes.readUInt32BE(STREAM_ID_AT);
    const payload = bytes.subarray(FRAME_HEADER_BYTES);
    if (type === FRAME.data) this.#receive(streamId, payload);
    else if (type === FRAME.headers && this.#readsHeaders) this.#readStatus(streamId, payload);
    else if (type === FRAME.resetStream) this.#answer(streamId, false);
    else if (type === FRAME.goAway) {
      const code = payload.readUInt32BE(GO_AWAY_CODE_AT);
      this.#onLost(new Error(`the server closes the connection, with the HTTP/2 error code ${code}`));
    } else if (type === FRAME.windowUpdate) this.#widen(streamId, payload);
    else if (type === FRAME.settings && !(flags & FLAG_ACK)) this.#adopt(payload);
    else if (type === FRAME.ping && !(flags & FLAG_ACK)) this.#acknowledge(FRAME.ping, payload);
    const endsStream = type === FRAME.data || type === FRAME.headers;
    if (endsStream && flags & FLAG_END_STREAM) this.#answer(streamId, true);
  }

  #readStatus(streamId: number, block: Buffer): void {
    const stream = this.#streams.get(streamId);
    if (stream) stream.status = statusIn(block) ?? stream.status;
  }

  /** A server that does not name a limit has none. */
  #adopt(settings: Buffer): void {
    this.#streamsMax = settingIn(settings, SETTING_CONCURRENT_STREAMS_MAX) ?? Number.POSITIVE_INFINITY;
    this.#acknowledge(FRAME.settings, Buffer.alloc(0));
    this.#flush();
  }

  #acknowledge(type: number, payload: Buffer): void {
    this.#socket.write(frame(type, FLAG_ACK, 0, payload));
  }

  #widen(streamId: number, payload: Buffer): void {
    if (streamId !== 0) return;
    this.#sendWindow += payload.readUInt32BE();
    this.#flush();
  }

  #receive(streamId: number, payload: Buffer): void {
    const stream = this.#streams.get(streamId);
    if (stream) stream.received = stream.received ? Buffer.concat([stream.received, payload]) : payload;
    this.#receivedBytes += payload.length;
    if (this.#receivedBytes < RETURN_WINDOW_AFTER_BYTES) return;
    this.#socket.write(windowUpdate(this.#receivedBytes));
    this.#receivedBytes = 0;
  }

  #answer(streamId: number, whole: boolean): void {
    const stream = this.#streams.get(streamId);
    this.#streams.delete(streamId);
    stream?.onAnswer(whole ? stream.received?.subarray(GRPC_PREFIX_BYTES) : undefined, stream.status);
    this.#flush();
  }
}
