import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { ClosableTransport } from "./grpc-transport.ts";

export interface ConnectTransportOptions {
  /** Where the Connect door is, such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Absent: 2. Proxies that speak HTTP/1.1 alone need "1.1". */
  readonly httpVersion?: "1.1" | "2";
}

/** A Connect transport whose connections are its own, so that they can be closed. */
export function createClosableConnectTransport(options: ConnectTransportOptions): ClosableTransport {
  return options.httpVersion === "1.1" ? overHttp1(options.baseUrl) : overHttp2(options.baseUrl);
}

function overHttp2(baseUrl: string): ClosableTransport {
  // A peer that vanished without a word is noticed by pings; otherwise every retry goes to the dead connection.
  const sessions = new Http2SessionManager(baseUrl, { pingIntervalMs: 10_000, pingTimeoutMs: 5_000 });
  const transport = createConnectTransport({ baseUrl, httpVersion: "2", sessionManager: sessions });
  return { ...transport, close: () => sessions.abort() };
}

function overHttp1(baseUrl: string): ClosableTransport {
  const Agent = baseUrl.startsWith("https:") ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: true });
  const transport = createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions: { agent } });
  return { ...transport, close: () => agent.destroy() };
}
