import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands before a server, so that a test can break its connections as a network would: without a word. */
export class CuttableProxy {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Socket>;

  private constructor(server: ReturnType<typeof createServer>, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(targetPort: number): Promise<CuttableProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(targetPort, "127.0.0.1");
      join(near, far, sockets);
      join(far, near, sockets);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CuttableProxy(server, sockets);
  }

  /** Breaks every connection; new ones are welcome. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function join(from: Socket, to: Socket, sockets: Set<Socket>): void {
  sockets.add(from);
  from.pipe(to);
  // Broken connections are what this is for.
  from.on("error", () => to.destroy());
  from.on("close", () => {
    sockets.delete(from);
    to.destroy();
  });
}
