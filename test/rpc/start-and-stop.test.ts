import { once } from "node:events";
import { createServer as createNetServer } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "chai";
import { GrantKind } from "../../gen/pleyor/credits/v1/grant_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import type { RawSettings } from "../../src/config/settings-reader.ts";
import { parseConfig } from "../../src/config.ts";
import type { Server } from "../../src/server/life.ts";
import { StartError } from "../../src/server/start-error.ts";
import { createServer } from "../../src/server.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { exitCodeOf, startMain } from "../support/main-process.ts";
import { ORGANIZATION, REQUEST_ID } from "../support/scripted-ledger.ts";

const GRANT = {
  organizationId: ORGANIZATION,
  requestId: REQUEST_ID,
  kind: GrantKind.PURCHASED,
  amountMicros: 5_000_000n,
  reference: "payment:pi_123",
} as const;
/** Longer than what counts as one Ctrl-C that arrives twice. */
const IMPATIENCE_MS = 700;

describe("the server", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  // It fails if a session is left open, so each test shows that its server has let go of the database.
  afterEach(() => database.drop());

  const settings = (others: RawSettings = {}): RawSettings => ({
    DATABASE_URL: database.url,
    PLEYOR_GRPC_PORT: "0",
    PLEYOR_HTTP_PORT: "0",
    PLEYOR_LOG_LEVEL: "silent",
    ...others,
  });
  const server = (others?: RawSettings): Server => createServer(parseConfig(settings(others)));

  it("serves one ledger by both doors, and lets go of everything when it is stopped", async () => {
    const running = server();
    const { grpcAddress, httpAddress } = await running.start();
    const grpc = createGrpcTransport({ baseUrl: `http://${grpcAddress}` });
    const granted = await createClient(GrantService, grpc).createGrant(GRANT);
    const connect = createConnectTransport({ baseUrl: `http://${httpAddress}`, httpVersion: "1.1" });
    const again = await createClient(GrantService, connect).createGrant({
      ...GRANT,
      requestId: REQUEST_ID.toUpperCase(),
    });
    expect([granted.replayed, again.replayed]).to.deep.equal([false, true]);
    expect(again.grant).to.deep.equal(granted.grant);
    await Promise.all([running.stop(), running.stop()]);
    expect(await isOpen(httpAddress)).to.equal(false);
    expect(await isOpen(grpcAddress)).to.equal(false);
  });

  it("can be stopped while it starts, and then has not started", async () => {
    const running = server();
    const failed = startError(running);
    await running.stop();
    expect(await failed).to.equal("stopped while it started");
  });

  it("tells a taken port in one line with the setting to change, and leaves nothing running", async () => {
    const squatter = createNetServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as { port: number };
    const error = await startError(server({ PLEYOR_HTTP_PORT: String(port) }));
    squatter.close();
    expect(error).to.equal(
      `cannot listen on 127.0.0.1:${port} for HTTP: the port is taken; set PLEYOR_HTTP_PORT to another`,
    );
  });

  it("tells in one line, without the password, that its database cannot be used", async () => {
    const error = await startError(server({ DATABASE_URL: "postgres://serve:secret@127.0.0.1:1/credits" }));
    expect(error).to.equal("cannot use the database 127.0.0.1:1/credits: connect ECONNREFUSED 127.0.0.1:1");
  });

  it("as a process, tells each bad setting in one line and exits with 1", async () => {
    const main = startMain(settings({ PLEYOR_LANES: "none", PLEYOR_TYPO: "1" }));
    expect(await exitCodeOf(main.process)).to.equal(1);
    expect(main.stderr().trimEnd().split("\n")).to.have.length(2);
  });

  it("as a process, greets with the addresses and a call to try, and ends on SIGTERM with 0", async () => {
    const main = startMain(settings());
    await main.greeted;
    const url = /http:\/\/127\.0\.0\.1:\d+\/pleyor\S+/.exec(main.stdout())?.[0] ?? "";
    const body = /'(\{.*?\})'/.exec(main.stdout())?.[1] ?? "";
    const headers = { "content-type": "application/json" };
    expect((await fetch(url, { method: "POST", headers, body })).status).to.equal(200);
    main.process.kill("SIGTERM");
    expect(await exitCodeOf(main.process)).to.equal(0);
    expect(main.stderr()).to.equal("");
  });

  it("as a process, ends at once on a second signal, whatever is in flight", async () => {
    const main = startMain(settings());
    await main.greeted;
    const address = /gRPC +(\S+)/.exec(main.stdout())?.[1] ?? "";
    const grants = createClient(GrantService, createGrpcTransport({ baseUrl: `http://${address}` }));
    await grants.createGrant(GRANT);
    const locker = createSession({ connectionString: database.url });
    await locker.connect();
    await locker.query("begin");
    await locker.query("select * from accounts for update");
    const stuck = grants.voidGrant({ ...GRANT, grantId: REQUEST_ID }).catch(() => undefined);
    await until(database, "select 1 from pg_stat_activity where wait_event_type = 'Lock'");
    main.process.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, IMPATIENCE_MS));
    expect(main.process.exitCode).to.equal(null);
    main.process.kill("SIGINT");
    expect(await exitCodeOf(main.process)).to.equal(1);
    await stuck;
    await locker.end();
  });
});

async function startError(server: Server): Promise<string> {
  const error = await server.start().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).to.be.instanceOf(StartError);
  return (error as StartError).message;
}

async function isOpen(address: string): Promise<boolean> {
  return await fetch(`http://${address}/healthz`).then(
    () => true,
    () => false,
  );
}

/** By a session of its own: within a transaction, the view would show the same for ever. */
async function until({ url }: TestDatabase, sql: string): Promise<void> {
  const session = createSession({ connectionString: url });
  await session.connect();
  while ((await session.query(sql)).rows.length === 0);
  await session.end();
}
