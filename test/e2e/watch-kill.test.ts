import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ServerProcess } from "../support/server-process.ts";

const ORGANIZATIONS = 20;

describe("R-WATCH-3: a server that is killed with alerts undelivered", () => {
  let database: TestDatabase;
  let servers: readonly ServerProcess[];
  let clients: readonly CreditClient[];
  const ids = Array.from({ length: ORGANIZATIONS }, (_, index) => `killed-${index}`);

  before(async () => {
    database = await createTestDatabase();
    const env = { DATABASE_URL: database.url, PLEYOR_DATABASE_CONNECTIONS_MAX: "6" };
    servers = [await ServerProcess.start(env), await ServerProcess.start(env)];
    clients = servers.map(({ grpcAddress }) =>
      createCreditClient({ transport: "grpc", address: grpcAddress }),
    );
  });

  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.end("SIGTERM")));
    await database.drop();
  });

  it("leaves none behind: another one delivers each, from the last token on", async () => {
    const [doomed, other] = clients as [CreditClient, CreditClient];
    const level = { case: "amountMicros", value: 50n } as const;
    await Promise.all(
      ids.map(async (organizationId) => {
        const credits = { kind: GrantKind.PURCHASED, amountMicros: 100n, reference: "payment:1" };
        await doomed.grants.createGrant({ organizationId, ...credits });
        await doomed.alerts.setAlertThresholds({ organizationId, thresholds: [{ name: "low", level }] });
      }),
    );
    const before = doomed.alerts.watchAlerts({})[Symbol.asyncIterator]();
    const resumeToken: string = (await before.next()).value.resumeToken;
    const cost = { case: "amountMicros", value: 60n } as const;
    await Promise.all(ids.map((organizationId) => doomed.credits.chargeCredits({ organizationId, cost })));
    await servers[0]?.end("SIGKILL");
    const told: string[] = [];
    for await (const { event } of other.watchAlerts({ resumeToken })) {
      if (event.case === "alert") told.push(`${event.value.organizationId} ${event.value.alertNumber}`);
      if (told.length === ORGANIZATIONS) break;
    }
    expect(told.toSorted()).to.deep.equal(ids.map((id) => `${id} 1`).toSorted());
  });
});
