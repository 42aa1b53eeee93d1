import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import { parseConfig } from "../../src/config.ts";
import type { Server } from "../../src/server/life.ts";
import { createServer } from "../../src/server.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

export type Door = "grpc" | "connect over HTTP/2" | "connect over HTTP/1.1";

type RunningServer = Readonly<{ server: Server; grpcAddress: string; httpAddress: string }>;

/** Several whole services on one database, as behind a balancer, and clients of each. */
export class Services {
  readonly #database: TestDatabase;
  readonly #running: RunningServer[] = [];
  readonly #clients: CreditClient[] = [];

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async start(count: number): Promise<Services> {
    const services = new Services(await createTestDatabase());
    for (let index = 0; index < count; index += 1) await services.#start({ grpc: 0, http: 0 });
    return services;
  }

  get databaseUrl(): string {
    return this.#database.url;
  }

  httpUrl(index: number): string {
    return `http://${this.#at(index).httpAddress}`;
  }

  client(index: number, door: Door = "grpc"): CreditClient {
    const { grpcAddress: address, httpAddress } = this.#at(index);
    const client =
      door === "grpc"
        ? createCreditClient({ transport: "grpc", address })
        : createCreditClient({
            transport: "connect",
            baseUrl: `http://${httpAddress}`,
            httpVersion: door === "connect over HTTP/2" ? "2" : "1.1",
          });
    this.#clients.push(client);
    return client;
  }

  /** One statement, past all of them. */
  async query<Row>(text: string): Promise<readonly Row[]> {
    const session = createSession({ connectionString: this.databaseUrl });
    await session.connect();
    try {
      return (await session.query<Row>(text)).rows;
    } finally {
      await session.end();
    }
  }

  /** Ends one of them and starts it again on the same ports. */
  async restart(index: number): Promise<void> {
    const { server, grpcAddress, httpAddress } = this.#at(index);
    await server.stop();
    await this.#start({ grpc: portOf(grpcAddress), http: portOf(httpAddress) }, index);
  }

  async end(index: number): Promise<void> {
    await this.#at(index).server.stop();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const { server } of this.#running) await server.stop();
    await this.#database.drop();
  }

  #at(index: number): RunningServer {
    const running = this.#running[index];
    if (!running) throw new Error(`there is no service ${index}`);
    return running;
  }

  async #start(ports: { grpc: number; http: number }, index = this.#running.length): Promise<void> {
    const config = parseConfig({
      DATABASE_URL: this.#database.url,
      PLEYOR_GRPC_PORT: String(ports.grpc),
      PLEYOR_HTTP_PORT: String(ports.http),
      PLEYOR_DATABASE_CONNECTIONS_MAX: "6",
    });
    const server = createServer(config, { telemetry: new Telemetry("silent") });
    this.#running[index] = { server, ...(await server.start()) };
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
