import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { WatchBalanceRequestSchema } from "../gen/pleyor/credits/v1/credit_service_pb.ts";

const PATH = "/pleyor.credits.v1.CreditService/WatchBalance";

/**
 * Many who watch one organization. They speak gRPC by hand and do not decode what they
 * are told: so that ten thousand of them cost the machine little beside the server.
 */
export class WatcherCrowd {
  readonly #sessions: ClientHttp2Session[] = [];
  /** When each was last told something, and the longest it has waited since `beginGaps`. */
  readonly #toldAt: number[] = [];
  readonly #gaps: number[] = [];
  #messages = 0;
  #onTold: (() => void) | undefined;
  #left = false;
  #lost = 0;
  /** Rejects when a watcher loses its stream: what is waited for would never come. */
  readonly #broken = Promise.withResolvers<never>();

  constructor() {
    this.#broken.promise.catch(() => undefined);
  }

  get size(): number {
    return this.#toldAt.length;
  }

  /** Resolves once each of them has its snapshot. */
  async join(address: string, organizationId: string, count: number, perConnection: number): Promise<void> {
    const request = frame(
      toBinary(WatchBalanceRequestSchema, create(WatchBalanceRequestSchema, { organizationId })),
    );
    for (let left = count; left > 0; left -= perConnection) {
      const session = connect(`http://${address}`);
      session.setMaxListeners(0);
      this.#sessions.push(session);
      await once(session, "connect");
      const joining = Array.from({ length: Math.min(left, perConnection) }, () =>
        this.#watch(session, request),
      );
      await Promise.race([Promise.all(joining), this.#broken.promise]);
    }
  }

  /** Makes one change and resolves to how long each waited for it, in milliseconds, the shortest first. */
  async timeOneChange(change: () => Promise<unknown>): Promise<readonly number[]> {
    const before = this.#messages;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onTold = () => this.#messages - before >= this.size && resolve();
    await change();
    // Counted from the answer to whoever made it, which no watcher is told before.
    const began = performance.now();
    await Promise.race([promise, this.#broken.promise]);
    this.#onTold = undefined;
    return this.#toldAt.map((at) => at - began).sort((left, right) => left - right);
  }

  beginGaps(): void {
    const now = performance.now();
    this.#toldAt.fill(now);
    this.#gaps.fill(0);
  }

  /** The longest that each has waited, the shortest first. */
  gaps(): readonly number[] {
    if (this.#lost > 0) throw new Error(`${this.#lost} watchers lost their streams`);
    const now = performance.now();
    return this.#gaps
      .map((gap, index) => Math.max(gap, now - (this.#toldAt[index] ?? now)))
      .sort((a, b) => a - b);
  }

  leave(): void {
    this.#left = true;
    for (const session of this.#sessions) session.destroy();
  }

  #watch(session: ClientHttp2Session, request: Buffer): Promise<void> {
    const index = this.size;
    this.#toldAt.push(0);
    this.#gaps.push(0);
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined);
    stream.once("close", () => {
      if (this.#left) return;
      this.#lost += 1;
      this.#broken.reject(new Error("a watcher lost its stream"));
    });
    stream.end(request);
    return new Promise((resolve) => {
      stream.once("data", () => resolve());
      stream.on("data", () => this.#told(index));
    });
  }

  #told(index: number): void {
    const now = performance.now();
    this.#gaps[index] = Math.max(this.#gaps[index] ?? 0, now - (this.#toldAt[index] ?? now));
    this.#toldAt[index] = now;
    this.#messages += 1;
    this.#onTold?.();
  }
}

function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
