import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect } from "chai";
import { Connection } from "../../bench/load/connection.ts";
import { placeOf, prepareCall } from "../../bench/load/prepared-call.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import { until } from "../service/support/until.ts";
import { type RunningService, startService } from "../support/running-service.ts";

const CROWD = "crowd";
const LATE = "late";
/** More than may wait in a lane's queue that stands. */
const IN_FLIGHT = 700;
const CALLS = 20;
const MICROS = { case: "amountMicros", value: 1n } as const;
const REQUEST_ID = randomUUID();

describe("while one organization calls more than can be done", function () {
  this.timeout(60_000);
  let service: RunningService;
  let client: CreditClient;

  before(async () => {
    // One lane, so that they meet. Small batches and a short wait, so that the queue stands however fast the machine is.
    service = await startService({
      PLEYOR_LANES: "1",
      PLEYOR_BATCH_COMMANDS_MAX: "128",
      PLEYOR_STANDING_WAIT_MS_MAX: "5",
    });
    // What is refused is to be seen.
    client = createCreditClient({
      transport: "grpc",
      address: service.grpcAddress,
      retry: { attemptsMax: 1 },
    });
    const grant = { kind: GrantKind.PURCHASED, amountMicros: 10n ** 12n, reference: "payment:1" };
    for (const organizationId of [CROWD, LATE]) await client.grants.createGrant({ organizationId, ...grant });
  });
  after(async () => {
    client.close();
    await service.stop();
  });

  it("another's calls are all taken", async () => {
    const flood = await Flood.start(service.grpcAddress);
    await until(() => flood.refused > IN_FLIGHT);
    for (let call = 0; call < CALLS; call += 1) {
      const before = flood.refused;
      await client.credits.chargeCredits({ organizationId: LATE, cost: MICROS });
      await until(() => flood.refused > before);
    }
    await flood.stop();
    expect((await client.credits.getBalance({ organizationId: LATE })).balance?.version).to.equal(
      BigInt(CALLS + 1),
    );
    expect(flood.failures).to.deep.equal([]);
  });
});

/** Calls of one organization: for each that is done, two more come, as long as there are so many. */
class Flood {
  readonly failures: string[] = [];
  refused = 0;
  readonly #connection: Connection;
  readonly #call = prepareCall(CreditService.method.chargeCredits, {
    organizationId: CROWD,
    requestId: REQUEST_ID,
    cost: MICROS,
  });
  readonly #requestAt = placeOf(this.#call, REQUEST_ID);
  readonly #ended = Promise.withResolvers<void>();
  #waiting = 0;
  #inFlight = 0;
  #over = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async start(address: string): Promise<Flood> {
    const lost = (error: Error) => void flood.failures.push(error.message);
    const flood: Flood = new Flood(await Connection.open(address, (error) => lost(error), true));
    for (let index = 0; index < IN_FLIGHT; index += 1) flood.#next();
    return flood;
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#ended.promise;
    this.#connection.close();
  }

  #next(): void {
    this.#inFlight += 1;
    this.#call.frames.write(randomUUID(), this.#requestAt, "latin1");
    this.#connection.call(this.#call, (message, status) => {
      this.#inFlight -= 1;
      if (message) this.#done();
      else this.#refuse(status);
      if (this.#over && this.#inFlight === 0) this.#ended.resolve();
    });
  }

  #done(): void {
    if (this.#over) return;
    this.#next();
    if (this.#waiting === 0) return;
    this.#waiting -= 1;
    this.#next();
  }

  #refuse(status: number | undefined): void {
    if (status !== Code.ResourceExhausted) this.failures.push(`status ${status}`);
    this.refused += 1;
    this.#waiting += 1;
  }
}
