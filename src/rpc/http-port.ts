import { createServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  CLOSE_TIMEOUT_MS,
  CONCURRENT_STREAMS_MAX,
  type FrontDoor,
  type ListenAddress,
  ListenError,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  RESETS_ALLOWED,
  toHostPort,
  within,
} from "./door.ts";
import { detectHttp2 } from "./http-preface.ts";
import { useStreamTable } from "./stream-table.ts";

/** For requests of either version. */
export type HttpHandler = ReturnType<typeof connectNodeAdapter>;

/**
 * One clear-text port for HTTP/1.1 and HTTP/2: how a connection begins decides
 * which of two servers gets it.
 */
export function createHttpPort(handler: HttpHandler): FrontDoor {
  const settings = { maxConcurrentStreams: CONCURRENT_STREAMS_MAX };
  const http2 = createHttp2Server({ settings, ...RESETS_ALLOWED }, handler);
  const sessions = new Set<ServerHttp2Session>();
  http2.on("session", (session) => {
    useStreamTable(session);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    pingRegularly(session);
  });
  // It listens for both, because its timeouts for slow requests work only where it listens itself.
  const http1 = createServer(handler);
  const sockets = divert(http1, (socket) => http2.emit("connection", socket));
  return {
    listen: (at) => listen(http1, at),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      http1.close(() => resolve());
      for (const session of sessions) session.close();
      await within(CLOSE_TIMEOUT_MS, promise);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Takes the connections of HTTP/2 away from a server; gives all that are open. */
function divert(server: Server, toHttp2: (socket: Socket) => void): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const [toHttp1] = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Without a listener, a connection that is reset would end the process.
    socket.on("error", () => socket.destroy());
    detectHttp2(socket, (http2) => {
      if (http2 === undefined) socket.destroy();
      else if (http2) toHttp2(closedWithItsCaller(socket));
      else toHttp1?.call(server, socket);
    });
  });
  return sockets;
}

/**
 * A server of HTTP/1.1 keeps connections half open, to answer callers that have said all they will. HTTP/2 has its
 * own way to say that: one that ends the connection is gone, and its streams with it.
 */
function closedWithItsCaller(socket: Socket): Socket {
  socket.allowHalfOpen = false;
  return socket;
}

async function listen(server: Server, at: ListenAddress): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: at.address, port: at.port }, resolve);
  await promise.catch((error: unknown) => {
    throw new ListenError("HTTP", at, error);
  });
  server.off("error", reject);
  return toHostPort({ address: at.address, port: (server.address() as AddressInfo).port });
}

function pingRegularly(session: ServerHttp2Session): void {
  const interval = setInterval(() => {
    const timeout = setTimeout(() => session.destroy(), PING_TIMEOUT_MS);
    const sent = session.ping((error) => {
      clearTimeout(timeout);
      if (error) session.destroy();
    });
    if (!sent) clearTimeout(timeout);
  }, PING_INTERVAL_MS);
  session.once("close", () => clearInterval(interval));
}
