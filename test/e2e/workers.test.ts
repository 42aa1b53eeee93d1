import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { createServer } from "node:net";
import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { type CreditClient, createCreditClient } from "../../src/client/client.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { exitCodeOf, startMain } from "../support/main-process.ts";
import { verifyDatabase } from "../support/running-service.ts";
import { freePort, ServerProcess } from "../support/server-process.ts";
import { type Booked, ChaosClient } from "./chaos-client.ts";
import { mulberry32 } from "./mulberry32.ts";

const WORKERS = 2;
const ORGANIZATIONS = ["hot", "warm", "cold"];
const CLIENTS = 8;
const OPERATIONS = 640;

describe(`a service of ${WORKERS} workers`, function () {
  // Each test starts three processes, which takes its time where others share the cores.
  this.timeout(180_000);
  let database: TestDatabase;
  let server: ServerProcess;
  let clients: readonly CreditClient[];
  const sessions: ClientHttp2Session[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    server = await ServerProcess.start({
      DATABASE_URL: database.url,
      WORKERS: String(WORKERS),
      PLEYOR_LOG_LEVEL: "info",
    });
    await until(() => workerPids().length === WORKERS);
    clients = Array.from({ length: CLIENTS }, () =>
      createCreditClient({ transport: "grpc", address: server.grpcAddress }),
    );
    await Promise.all(ORGANIZATIONS.map((organizationId) => fund(organizationId)));
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    for (const session of sessions.splice(0)) session.destroy();
    await server.end("SIGTERM");
    const { discrepancies } = await verifyDatabase(database.url);
    expect(discrepancies).to.deep.equal([]);
    await database.drop();
  });

  function workerPids(): readonly number[] {
    const told = server.output.matchAll(/"worker":(\d+),"pid":(\d+),"replaced":(\d+),"msg":"worker serves"/g);
    return [...new Map([...told].map(([, number, pid]) => [number, Number(pid)])).values()];
  }

  async function fund(organizationId: string): Promise<void> {
    const credits = { kind: GrantKind.PURCHASED, amountMicros: 100_000_000n, reference: "payment:first" };
    await clients[0]?.grants.createGrant({ organizationId, ...credits });
  }

  /** One after the other: of those that come at once, a worker that is quicker gets more. */
  async function openSessions(address: string, count: number): Promise<readonly ClientHttp2Session[]> {
    const opened: ClientHttp2Session[] = [];
    while (opened.length < count) {
      const session = connect(`http://${address}`);
      session.on("error", () => undefined);
      opened.push(session);
      await once(session, "connect");
      // An answered ping shows that a worker has it.
      await new Promise((resolve) => session.ping(resolve));
    }
    sessions.push(...opened);
    return opened;
  }

  it("greets once, and shares its connections out evenly, on both doors", async () => {
    expect(server.output.split("pleyor-credits serves.")).to.have.length(2);
    const byDoor = await Promise.all(
      [server.grpcAddress, new URL(server.httpUrl).host].map((address) => openSessions(address, 8)),
    );
    const [victim = 0] = workerPids();
    const lost = sessions.length / WORKERS;
    process.kill(victim, "SIGKILL");
    await until(() => sessions.filter(({ destroyed }) => destroyed).length >= lost);
    expect(byDoor.map((opened) => opened.filter(({ destroyed }) => destroyed).length)).to.deep.equal([4, 4]);
    await until(() => server.output.includes('"replaced":1'));
  });

  it("shows the metrics of all workers together, whichever is asked, and those of one that is gone", async () => {
    for (const client of clients) await client.credits.getBalance({ organizationId: "hot" });
    const wanted = `pleyor_credits_call_seconds_count{method="pleyor.credits.v1.CreditService/GetBalance",door="grpc",code="OK"} ${CLIENTS}`;
    for (let asked = 0; asked < 2 * WORKERS; asked += 1) expect(await metrics(server)).to.include(wanted);
    const [victim = 0] = workerPids();
    process.kill(victim, "SIGKILL");
    await until(() => server.output.includes('"replaced":1'));
    expect(await metrics(server)).to.include(wanted);
  });

  it("tells those who watch by one worker what another one changes", async () => {
    const streams = clients
      .slice(1)
      .map((client) => client.watchBalance({ organizationId: "hot" })[Symbol.asyncIterator]());
    const versions = await Promise.all(streams.map(async (stream) => versionOf((await stream.next()).value)));
    const cost = { case: "amountMicros", value: 1n } as const;
    await clients[0]?.credits.chargeCredits({ organizationId: "hot", cost });
    const next = await Promise.all(streams.map(async (stream) => versionOf((await stream.next()).value)));
    expect(next).to.deep.equal(versions.map((version) => (version ?? 0n) + 1n));
    await Promise.all(streams.map((stream) => stream.return?.(undefined)));
  });

  it("R-REQ-4: replaces a worker that is killed, and no call is lost or done twice", async () => {
    const chaos = clients.map((client, index) => new ChaosClient(client, ORGANIZATIONS, mulberry32(index)));
    const running = Promise.all(chaos.map((client) => client.run(OPERATIONS / CLIENTS)));
    const booked = () => chaos.flatMap((client) => client.booked);
    await until(() => booked().length > OPERATIONS / 10);
    const [victim = 0] = workerPids();
    process.kill(victim, "SIGKILL");
    await running;
    await until(() => server.output.includes('"replaced":1'));
    expect(workerPids()).to.have.length(WORKERS).and.not.include(victim);
    expect(await wrongEffects(booked())).to.deep.equal([]);
  });

  async function wrongEffects(booked: readonly Booked[]): Promise<readonly Booked[]> {
    const session = createSession({ connectionString: database.url });
    await session.connect();
    const { rows } = await session.query<{ request_id: string; effects: number }>(
      "select request_id, count(*)::int as effects from transactions where request_id is not null group by request_id",
    );
    await session.end();
    const effects = new Map(rows.map((row) => [row.request_id, row.effects]));
    return booked.filter(({ requestId, accepted }) => (effects.get(requestId) ?? 0) !== (accepted ? 1 : 0));
  }

  it("ends on SIGTERM with 0 once its calls are answered, and leaves no worker behind", async () => {
    const open = await openSessions(server.grpcAddress, 2 * WORKERS);
    const locker = createSession({ connectionString: database.url });
    await locker.connect();
    await locker.query("begin");
    await locker.query("select * from accounts for update");
    const cost = { case: "amountMicros", value: 1n } as const;
    const inFlight = ORGANIZATIONS.map((organizationId, index) =>
      clients[index]?.credits.chargeCredits({ organizationId, cost }),
    );
    await untilLocked(database);
    const ended = server.end("SIGTERM");
    await until(() => server.output.split('"msg":"draining').length > WORKERS);
    await locker.query("rollback");
    await locker.end();
    const versions = (await Promise.all(inFlight)).map((answer) => answer?.balance?.version);
    expect(versions).to.deep.equal([2n, 2n, 2n]);
    expect(await ended).to.equal(0);
    await until(() => open.every(({ destroyed }) => destroyed));
  });

  it("gives up, and ends with 1, when workers end again and again as soon as they serve", async () => {
    const killed = new Set<number>();
    while (!server.output.includes("workers end as soon as they start: SIGKILL")) {
      const [victim = 0] = workerPids();
      if (!killed.has(victim)) process.kill(victim, "SIGKILL");
      killed.add(victim);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await server.end("SIGTERM")).to.equal(1);
  });

  it("lets no worker outlive a primary that is killed, and starts again on the same ports", async () => {
    const open = await openSessions(server.grpcAddress, 2 * WORKERS);
    await server.end("SIGKILL");
    await until(() => open.every(({ destroyed }) => destroyed));
    await server.start();
    expect((await clients[0]?.credits.getBalance({ organizationId: "hot" }))?.balance?.version).to.equal(1n);
  });
});

describe("a service of workers that can't start", function () {
  this.timeout(60_000);
  it("says why in one line, and leaves nothing running", async () => {
    const database = await createTestDatabase();
    const port = await freePort();
    const taken = createServer().listen(port, "127.0.0.1");
    await once(taken, "listening");
    const main = startMain({
      DATABASE_URL: database.url,
      WORKERS: "2",
      PLEYOR_GRPC_PORT: String(port),
      PLEYOR_HTTP_PORT: "0",
      PLEYOR_LOG_LEVEL: "error",
    });
    expect(await exitCodeOf(main.process)).to.equal(1);
    expect(main.stderr()).to.equal(
      `pleyor-credits: cannot listen on 127.0.0.1:${port} for gRPC: the port is taken; set PLEYOR_GRPC_PORT to another\n`,
    );
    taken.close();
    await database.drop();
  });
});

type Told = Readonly<{ event: { case?: string | undefined; value?: unknown } }>;

function versionOf({ event }: Told): bigint | undefined {
  return (event.value as { balance?: { version: bigint } } | undefined)?.balance?.version;
}

async function metrics(server: ServerProcess): Promise<string> {
  // Each on a connection of its own, so that each worker has its turn.
  const answer = await fetch(`${server.httpUrl}/metrics`, { headers: { connection: "close" } });
  return answer.text();
}

async function untilLocked({ url }: TestDatabase): Promise<void> {
  const session = createSession({ connectionString: url });
  await session.connect();
  const waiting = "select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock'";
  while (((await session.query<{ count: number }>(waiting)).rows[0]?.count ?? 0) < 1);
  await session.end();
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
