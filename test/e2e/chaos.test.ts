import { expect } from "chai";
import { sql } from "kysely";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import { verifyLedger } from "../../src/service/verification.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ServerProcess } from "../support/server-process.ts";
import { wrongUsage } from "../support/wrong-usage.ts";
import { type Booked, ChaosClient } from "./chaos-client.ts";
import { mulberry32 } from "./mulberry32.ts";

const CLIENTS = 64;
const OPERATIONS = 20_000;
const HOT = ["hot"];
const MANY = Array.from({ length: 50 }, (_, index) => `organization-${index}`);
const FUNDS_MICROS = 100_000_000n;

describe("two servers on one database, one of them killed", () => {
  let database: TestDatabase;
  let servers: readonly ServerProcess[];
  let clients: readonly CreditClient[];
  let orm: Orm;
  let booked: readonly Booked[];

  before(async function () {
    this.timeout(240_000);
    database = await createTestDatabase();
    // Usage is summed up all the time, so that the one is killed while it is at it.
    const env = { DATABASE_URL: database.url, PLEYOR_ROLL_UP_INTERVAL_MS: "5" };
    servers = await Promise.all([1, 2].map(() => ServerProcess.start(env)));
    clients = servers.map(({ grpcAddress: address }) => createCreditClient({ transport: "grpc", address }));
    orm = createOrm({
      url: database.url,
      connectionsMax: 2,
      lockTimeoutMs: 5_000,
      idleInTransactionTimeoutMs: 60_000,
      statementTimeoutMs: 60_000,
    });
    await Promise.all([...HOT, ...MANY].map(fund));
    booked = await runClients();
  });

  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.end("SIGTERM")));
    await orm.close(true);
    await database.drop();
  });

  it("R-BAL-3, R-GRANT-6: every balance equals a recomputation, versions have no gaps", async function () {
    this.timeout(60_000);
    const { discrepancies, organizations, transactions } = await verifyLedger(orm);
    expect(discrepancies).to.deep.equal([]);
    expect(organizations).to.equal(HOT.length + MANY.length);
    expect(transactions).to.be.greaterThan(OPERATIONS / 2);
  });

  it("R-REQ-3, R-REQ-4: every accepted request had exactly one effect, every refused one none", async () => {
    const { rows } = await sql<{ request_id: string; effects: number }>`
      select request_id, count(*)::int as effects from transactions
      where request_id is not null group by request_id`.execute(orm.em.fork().getKysely());
    const effects = new Map(rows.map((row) => [row.request_id, row.effects]));
    const wrong = booked.filter(
      ({ requestId, accepted }) => (effects.get(requestId) ?? 0) !== (accepted ? 1 : 0),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("R-HIST-3: usage from summaries and what follows them equals adding up all transactions", async () => {
    expect(await wrongUsage(database.url)).to.deep.equal([]);
    const { rows } = await sql<{ summed: string }>`
      select sum(version) as summed from usage_cursors`.execute(orm.em.fork().getKysely());
    expect(Number(rows[0]?.summed)).to.be.greaterThan(OPERATIONS / 4);
  });

  async function fund(organizationId: string): Promise<void> {
    const grant = { kind: GrantKind.PURCHASED, amountMicros: FUNDS_MICROS, reference: "payment:first" };
    await clients[0]?.grants.createGrant({ organizationId, ...grant });
  }

  async function runClients(): Promise<readonly Booked[]> {
    const chaos = Array.from({ length: CLIENTS }, (_, index) => {
      const client = clients[index % clients.length];
      if (!client) throw new Error("no client");
      return new ChaosClient(client, index % 2 === 0 ? HOT : MANY, mulberry32(index));
    });
    const each = OPERATIONS / CLIENTS / 2;
    await Promise.all(chaos.map((client) => client.run(Math.floor(each))));
    const [victim] = servers;
    const rest = Promise.all(chaos.map((client) => client.run(Math.ceil(each))));
    const killed = killAndRestart(victim, chaos);
    await Promise.all([rest, killed]);
    return chaos.flatMap((client) => client.booked);
  }

  /** In the middle: once a tenth of the second half is done. */
  async function killAndRestart(
    server: ServerProcess | undefined,
    chaos: readonly ChaosClient[],
  ): Promise<void> {
    const count = () => chaos.reduce((sum, client) => sum + client.booked.length, 0);
    const enough = count() + OPERATIONS / 20;
    while (count() < enough) await new Promise((resolve) => setTimeout(resolve, 5));
    await server?.end("SIGKILL");
    await server?.start();
  }
});
