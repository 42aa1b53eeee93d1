import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { nextTurn } from "../service/turn.ts";
import { organizationIn } from "./call-organization.ts";
import type { GatedCalls, GateKeeper } from "./gate-keeper.ts";
import { toGrpcError } from "./problem-status.ts";

type OnStream = (
  this: unknown,
  interceptors: unknown,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => void;

/** Where grpc-js begins to handle a call. */
const HANDLER = "_streamHandler";
/**
 * As many calls at once come only where the processor is busy with all that comes. To put them off then helps nobody: at twice
 * the peak, 0.57 of the peak were done without this bound and 0.73 with it, in a run of each.
 */
const PUT_OFF_MAX = 64;

/**
 * Puts the gate before all that grpc-js does for a call. Measured, a refusal here is 23 to 45 us of CPU where many calls
 * share a packet and 40 to 90 where each comes alone, nearly all of it Node's for a stream of HTTP/2; one by a lane is
 * 110. Answers without header objects, or sent together later, were not measurably cheaper. grpc-js has no way in
 * there, so its own method is wrapped; a version that does not have it refuses later, and a test tells.
 */
export function gateCalls(server: Server, keeper: GateKeeper): void {
  const open = server as unknown as Partial<Record<typeof HANDLER, OnStream>>;
  const handle = open[HANDLER];
  if (handle === undefined) return;
  const refusal = refusalHeaders(keeper);
  const inTurns = takingTurns();
  open[HANDLER] = function onStream(interceptors, stream, headers) {
    const gated = keeper.gated(headers[":path"] as string | undefined);
    const take = (): void => handle.call(server, interceptors, stream, headers);
    stream.on("error", ignore);
    if (gated !== undefined)
      meet(stream, { refuses: (bytes) => keeper.refuses(gated, callerIn(bytes, gated)), take, refusal });
    else inTurns(() => takeLate(stream, take));
  };
}

/** Of a stream without bytes, Node has told the end by then, when nobody listened. */
function takeLate(stream: ServerHttp2Stream, take: () => void): void {
  if (stream.destroyed) return;
  take();
  if (stream.readableEnded) stream.emit("end");
}

/**
 * Begins calls in the order in which they came, a few a turn. Measured with 256 callers of one organization, 1.07 times the
 * calls of a server that begins all that one packet brings before it looks at what the database has answered. A few
 * milliseconds at the most, which neither the call's deadline nor its duration knows of.
 */
function takingTurns(): (begin: () => void) => void {
  const waiting: (() => void)[] = [];
  let running = false;
  const beginSome = (count: number): void => {
    for (let left = count; left > 0 && waiting.length > 0; left -= 1) waiting.shift()?.();
  };
  const run = async (): Promise<void> => {
    running = true;
    try {
      while (waiting.length > 0) beginSome(await nextTurn());
    } finally {
      running = false;
      // Only where one has thrown.
      if (waiting.length > 0) void run();
    }
  };
  return (begin) => {
    waiting.push(begin);
    if (!running) void run();
    else if (waiting.length >= PUT_OFF_MAX) beginSome(PUT_OFF_MAX);
  };
}

function callerIn(bytes: Buffer, { depth }: GatedCalls) {
  return { organizationId: organizationIn(bytes, depth), door: "grpc" } as const;
}

type Meeting = Readonly<{
  refuses: (bytes: Buffer) => boolean;
  take: () => void;
  refusal: OutgoingHttpHeaders;
}>;

/** Looks at the first bytes that a caller sends; those of a call that is taken are put back. */
function meet(stream: ServerHttp2Stream, { refuses, take, refusal }: Meeting): void {
  const refuse = (): void => {
    if (!stream.closed) stream.respond(refusal, { endStream: true });
  };
  // What is wrong with a call without a request is for a server to say that is less busy.
  stream.once("end", refuse);
  stream.once("data", (bytes: Buffer) => {
    stream.off("end", refuse);
    if (refuses(bytes)) {
      // What else it sends is not kept, but goes on being read, or the connection's window would close.
      refuse();
      return;
    }
    stream.pause();
    stream.unshift(bytes);
    // Where it is answered unread, as a call of another content type is, it would be kept as long as its connection.
    stream.once("finish", () => stream.resume());
    take();
  });
}

/** A caller that is gone makes its stream fail; without a listener, that would end the process. */
function ignore(): void {}

/** An answer of trailers alone. */
function refusalHeaders({ problem }: GateKeeper): OutgoingHttpHeaders {
  const { code, details, metadata } = toGrpcError(problem);
  return {
    ":status": 200,
    "content-type": "application/grpc+proto",
    "grpc-status": String(code),
    // As grpc-js writes it: its clients read it back by decodeURI, which leaves the encoding of commas as it is.
    "grpc-message": encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}
