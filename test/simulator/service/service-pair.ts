import { randomUUID } from "node:crypto";
import { type Client, createClient } from "@connectrpc/connect";
import { TestClockService } from "../../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import { type CreditClient, createCreditClient } from "../../../src/client/client.ts";
import { createGrpcTransport } from "../../../src/client/grpc-transport.ts";
import { DEFAULT_RETRY_POLICY } from "../../../src/client/retry-policy.ts";
import { createRetryingTransport } from "../../../src/client/retrying-transport.ts";
import { toProtoCatalogue } from "../../../src/rpc/convert-catalogue.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { verifyDatabase } from "../../support/running-service.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { wrongUsage } from "../../support/wrong-usage.ts";
import { type Offer, toCatalogue } from "../offer.ts";

/** Usage is summed up all the time and in small pieces, so that servers are killed while they are at it. */
const SETTINGS = {
  PLEYOR_UNSAFE_TEST_CLOCKS: "on",
  PLEYOR_DATABASE_CONNECTIONS_MAX: "8",
  PLEYOR_LANES: "2",
  PLEYOR_ROLL_UP_INTERVAL_MS: "5",
  PLEYOR_ROLL_UP_TRANSACTIONS_MAX: "7",
};
const TIMEOUT_MS = 120_000;
/** A machine that is busy takes its time to start a server. */
const RETRY = { ...DEFAULT_RETRY_POLICY, attemptsMax: 200, attemptTimeoutMs: 10_000, backoffMsMax: 500 };

/** A caller of both servers; it hears when a call had to be sent again. */
export type Caller = Readonly<{
  clients: readonly [CreditClient, CreditClient];
  clocks: Client<typeof TestClockService>;
  /** Whether anything was sent again since this was last asked. */
  retried: () => boolean;
  close: () => void;
}>;

/** Two servers, each a process of its own, on one database. */
export class ServicePair {
  restarts = 0;
  readonly #database: TestDatabase;
  readonly #servers: readonly [ServerProcess, ServerProcess];
  #restarting: Promise<void> = Promise.resolve();

  private constructor(database: TestDatabase, servers: readonly [ServerProcess, ServerProcess]) {
    this.#database = database;
    this.#servers = servers;
  }

  static async start(): Promise<ServicePair> {
    const database = await createTestDatabase();
    const env = { ...SETTINGS, DATABASE_URL: database.url };
    return new ServicePair(database, [await ServerProcess.start(env), await ServerProcess.start(env)]);
  }

  caller(): Caller {
    let retried = false;
    const onRetry = () => {
      retried = true;
    };
    const [first, second] = this.#servers;
    const client = ({ grpcAddress: address }: ServerProcess) =>
      createCreditClient({ transport: "grpc", address, timeoutMs: TIMEOUT_MS, retry: RETRY, onRetry });
    const clients = [client(first), client(second)] as const;
    const clockTransport = createRetryingTransport(createGrpcTransport({ address: second.grpcAddress }), {
      policy: RETRY,
      timeoutMs: TIMEOUT_MS,
    });
    return {
      clients,
      clocks: createClient(TestClockService, clockTransport),
      retried: () => {
        const answer = retried;
        retried = false;
        return answer;
      },
      close: () => {
        for (const each of clients) each.close();
        clockTransport.close();
      },
    };
  }

  /** Kills one of the servers, with whatever it is doing, and starts it again. One at a time. */
  restart(which: number): Promise<void> {
    this.#restarting = this.#restarting.then(async () => {
      const server = this.#servers[which % 2 === 0 ? 0 : 1];
      await server.end("SIGKILL");
      await server.start();
      this.restarts += 1;
    });
    return this.#restarting;
  }

  /** What there is to buy from now on. */
  async publish(offer: Offer): Promise<void> {
    const caller = this.caller();
    const catalogue = toProtoCatalogue(toCatalogue(offer, 1, 0n));
    await caller.clients[0].subscriptions.publishCatalogue({ requestId: randomUUID(), catalogue });
    caller.close();
  }

  /** Stops everything; returns what the verification of the whole ledger found. */
  async stop(): Promise<readonly unknown[]> {
    await Promise.all(this.#servers.map((server) => server.end("SIGTERM")));
    const { discrepancies } = await verifyDatabase(this.#database.url);
    const wrong = await wrongUsage(this.#database.url);
    await this.#database.drop();
    return [...discrepancies, ...wrong];
  }
}
