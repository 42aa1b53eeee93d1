import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { createDoors, type Doors } from "../../src/rpc/doors.ts";
import { DETAIL_TYPES } from "../../src/rpc/routes.ts";
import type { LaneGauge } from "../../src/service/lane.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { EndlessAdministration } from "../support/endless-administration.ts";
import { MemorySource, memoryWatching } from "../support/memory-source.ts";
import { NO_PLANS } from "../support/no-plans.ts";
import { NO_USAGE } from "../support/no-usage.ts";
import { ScriptedLedger } from "../support/scripted-ledger.ts";
import { ScriptedPrices } from "../support/scripted-prices.ts";

/** Every way in: both doors, and each protocol of the one that speaks several. */
export const WAYS_IN = [
  "gRPC door",
  "Connect door, Connect and JSON over HTTP/1.1",
  "Connect door, Connect and Protobuf over HTTP/2",
  "Connect door, gRPC over HTTP/2",
  "Connect door, gRPC-Web over HTTP/1.1",
] as const;
export type WayIn = (typeof WAYS_IN)[number];

/** Both doors, open on free ports, over a ledger that a test tells what to answer. */
export class DoorsUnderTest {
  readonly ledger = new ScriptedLedger();
  readonly source = new MemorySource();
  readonly watching = memoryWatching(this.source);
  readonly prices = new ScriptedPrices();
  readonly admin = new EndlessAdministration();
  readonly logLines: string[] = [];
  grpcAddress = "";
  httpAddress = "";
  readonly #doors: Doors;
  readonly #sessions: Http2SessionManager[] = [];

  /** Without a gauge, no call is refused before it is read. */
  constructor(limits: { callDeadlineMsMax?: number; messageBytesMax?: number } = {}, gauge?: LaneGauge) {
    const sink = { write: (line: string) => void this.logLines.push(line) };
    this.#doors = createDoors({
      ledger: this.ledger,
      watching: this.watching,
      prices: this.prices,
      plans: NO_PLANS,
      usage: NO_USAGE,
      admin: this.admin,
      ...(gauge && { gauge }),
      telemetry: new Telemetry("debug", { sink }),
      limits: {
        callDeadlineMsMax: 10_000,
        messageBytesMax: 1_000_000,
        ...limits,
      },
    });
  }

  async open(): Promise<this> {
    this.watching.hub.start();
    const anyPort = { address: "127.0.0.1", port: 0 };
    const { grpcAddress, httpAddress } = await this.#doors.open({ grpc: anyPort, http: anyPort });
    this.grpcAddress = grpcAddress;
    this.httpAddress = httpAddress;
    return this;
  }

  get httpUrl(): string {
    return `http://${this.httpAddress}`;
  }

  transport(way: WayIn): Transport {
    const options = (address: string) => {
      const baseUrl = `http://${address}`;
      const sessionManager = new Http2SessionManager(baseUrl);
      this.#sessions.push(sessionManager);
      return { baseUrl, httpVersion: "2", sessionManager } as const;
    };
    switch (way) {
      case "gRPC door":
        return createGrpcTransport(options(this.grpcAddress));
      case "Connect door, Connect and JSON over HTTP/1.1":
        return createConnectTransport({
          baseUrl: this.httpUrl,
          httpVersion: "1.1",
          useBinaryFormat: false,
          jsonOptions: { registry: DETAIL_TYPES },
        });
      case "Connect door, Connect and Protobuf over HTTP/2":
        return createConnectTransport(options(this.httpAddress));
      case "Connect door, gRPC over HTTP/2":
        return createGrpcTransport(options(this.httpAddress));
      case "Connect door, gRPC-Web over HTTP/1.1":
        return createGrpcWebTransport({ baseUrl: this.httpUrl, httpVersion: "1.1" });
    }
  }

  drain(timeoutMs: number): Promise<number> {
    return this.#doors.drain(timeoutMs);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.abort();
    await this.watching.hub.stop();
    await this.#doors.close();
  }
}
