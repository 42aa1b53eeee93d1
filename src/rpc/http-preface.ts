import type { Socket } from "node:net";

/** How every HTTP/2 connection begins; no request of HTTP/1.1 begins like this. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A connection that has said nothing for this long will not. */
const FIRST_BYTES_TIMEOUT_MS = 10_000;

/**
 * Whether a connection begins as HTTP/2 does; undefined if it ends, or stays
 * silent, before that is known. What was read is put back, and `settle` is
 * called at once, so that whoever it is handed to misses nothing.
 */
export function detectHttp2(socket: Socket, settle: (http2: boolean | undefined) => void): void {
  let head = Buffer.alloc(0);
  const stop = (verdict: boolean | undefined) => {
    clearTimeout(timeout);
    socket.off("readable", onReadable).off("end", onEnd).off("close", onEnd);
    if (head.length > 0) socket.unshift(head);
    settle(verdict);
  };
  const onReadable = () => {
    head = Buffer.concat([head, socket.read() ?? Buffer.alloc(0)]);
    const verdict = beginsWithPreface(head);
    if (verdict !== undefined) stop(verdict);
  };
  const onEnd = () => stop(undefined);
  const timeout = setTimeout(onEnd, FIRST_BYTES_TIMEOUT_MS);
  socket.on("readable", onReadable).on("end", onEnd).on("close", onEnd);
}

/** Undefined while too little has come. */
function beginsWithPreface(head: Buffer): boolean | undefined {
  const length = Math.min(head.length, PREFACE.length);
  if (!head.subarray(0, length).equals(PREFACE.subarray(0, length))) return false;
  return length === PREFACE.length ? true : undefined;
}
