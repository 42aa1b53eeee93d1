import { once } from "node:events";
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { createServer as createNetServer, type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import type { RawSettings } from "../../src/config/settings-reader.ts";
import { parseConfig } from "../../src/config.ts";
import type { Server } from "../../src/server/life.ts";
import { StartError } from "../../src/server/start-error.ts";
import { createServer } from "../../src/server.ts";
import { findPostmaster } from "../../src/storage/embedded/postmaster.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { refuseOldVersion } from "../../src/storage/prepare-database.ts";
import { makeTestFolder, RUN_PREFIX } from "../support/cluster.ts";
import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { exitCodeOf, startMain } from "../support/main-process.ts";

const ROLE = `${RUN_PREFIX}serves_only`;
/** Far below what a connection, a migration or PostgreSQL's start may take. */
const SOON_MS = 3_000;
const PORTS = { PLEYOR_GRPC_PORT: "0", PLEYOR_HTTP_PORT: "0", PLEYOR_LOG_LEVEL: "silent" };

const server = (settings: RawSettings): Server => createServer(parseConfig({ ...PORTS, ...settings }));

describe("a start that cannot be", () => {
  let database: TestDatabase;
  let folder: string;
  let silent: NetServer;
  const connections = new Set<Socket>();

  before(async () => {
    database = await createTestDatabase();
    await administer(`create role ${ROLE} login password 'secret'`);
    folder = await makeTestFolder();
    await chmod(folder, 0o711);
    await writeFile(join(folder, "file"), "not a folder");
    silent = createNetServer((socket) => connections.add(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
  });
  after(async () => {
    for (const socket of connections) socket.destroy();
    silent.close();
    await rm(folder, { recursive: true, force: true });
    await administer(`drop owned by ${ROLE}`, `drop role ${ROLE}`);
    await database.drop();
  });

  async function administer(...statements: readonly string[]): Promise<void> {
    const session = createSession({ connectionString: database.url });
    await session.connect();
    for (const statement of statements) await session.query(statement);
    await session.end();
  }

  const urlOf = (user: string, password: string, name = new URL(database.url).pathname): string => {
    const url = new URL(database.url);
    return Object.assign(url, { username: user, password, pathname: name }).href;
  };
  const silentUrl = (): string =>
    `postgres://serve:secret@127.0.0.1:${(silent.address() as { port: number }).port}/credits`;

  const REFUSALS: readonly (readonly [what: string, settings: () => RawSettings, line: RegExp])[] = [
    [
      "a serving role that does not exist",
      () => ({ MIGRATION_DATABASE_URL: database.url, DATABASE_URL: urlOf("nobody_here", "x") }),
      /role "nobody_here" does not exist$/,
    ],
    [
      "a wrong password of the role that serves, where that of the one that migrates is right",
      () => ({ MIGRATION_DATABASE_URL: database.url, DATABASE_URL: urlOf(ROLE, "wrong") }),
      new RegExp(`password authentication failed for user "${ROLE}"$`),
    ],
    [
      "another database to serve from than the one that was migrated",
      () => ({ MIGRATION_DATABASE_URL: database.url, DATABASE_URL: urlOf(ROLE, "secret", "/postgres") }),
      /\/postgres: it holds no ledger; DATABASE_URL and MIGRATION_DATABASE_URL must name the same database$/,
    ],
    [
      "a role that may not migrate, where that is to be done",
      () => ({ DATABASE_URL: urlOf(ROLE, "secret", "/postgres") }),
      /\/postgres: .*permission denied/,
    ],
    [
      "a host that takes the connection and never answers",
      () => ({ DATABASE_URL: silentUrl() }),
      /: no answer within 5 seconds$/,
    ],
    [
      "a data directory that is a file",
      () => ({ PLEYOR_DATA_DIRECTORY: join(folder, "file") }),
      /file is not a folder; set PLEYOR_DATA_DIRECTORY/,
    ],
    [
      "a data directory below a file",
      () => ({ PLEYOR_DATA_DIRECTORY: join(folder, "file", "below", "it") }),
      /file is not a folder; set PLEYOR_DATA_DIRECTORY/,
    ],
    [
      "a data directory where no folder can be made",
      () => ({ PLEYOR_DATA_DIRECTORY: "/proc/pleyor" }),
      /^the data directory \/proc\/pleyor cannot be used/,
    ],
  ];
  for (const [what, settings, line] of REFUSALS) {
    it(`is told in one line: ${what}`, async () => {
      const message = await startError(server(settings()));
      expect(message).to.match(line);
      expect(message).not.to.match(/\n|secret|wrong/);
    });
  }

  it("is told of a PostgreSQL that is too old, by its version", () => {
    expect(() => refuseOldVersion("14.13 (Debian 14.13-1)")).to.throw(
      "it is PostgreSQL 14.13 (Debian 14.13-1)",
    );
    for (const text of ["15.0", "18.4", "20devel"]) expect(() => refuseOldVersion(text)).not.to.throw();
  });
});

describe("a start with a role that only serves", () => {
  it("needs no other role once the database is migrated", async () => {
    const database = await createEmptyTestDatabase();
    const admin = createSession({ connectionString: database.url });
    await admin.connect();
    const role = `${RUN_PREFIX}serves_later`;
    await admin.query(`create role ${role} login password 'secret'`);
    const url = Object.assign(new URL(database.url), { username: role, password: "secret" }).href;
    for (const settings of [{ MIGRATION_DATABASE_URL: database.url }, {}]) {
      const running = server({ DATABASE_URL: url, ...settings });
      await running.start();
      await running.stop();
    }
    await admin.query(`drop owned by ${role}`);
    await admin.query(`drop role ${role}`);
    await admin.end();
    await database.drop();
  });
});

describe("a start that is given up", () => {
  it("ends soon while the database does not answer", async () => {
    const held: Socket[] = [];
    const silent = createNetServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const running = server({ DATABASE_URL: `postgres://serve@127.0.0.1:${port}/credits` });
    const failed = startError(running);
    await once(silent, "connection");
    await soon(running.stop());
    expect(await failed).to.equal("stopped while it started");
    for (const socket of held) socket.destroy();
    silent.close();
  });

  it("ends soon while another server migrates", async () => {
    const database = await createEmptyTestDatabase();
    const other = createSession({ connectionString: database.url });
    await other.connect();
    await other.query("select pg_advisory_lock(7310579421023)");
    const running = server({ DATABASE_URL: database.url });
    const failed = startError(running);
    const asks =
      "select 1 from pg_stat_activity where query like '%pg_try_advisory_xact_lock%' and pid <> pg_backend_pid()";
    while ((await other.query(asks)).rows.length === 0);
    await soon(running.stop());
    expect(await failed).to.equal("stopped while it started");
    await other.end();
    await database.drop();
  });

  const MOMENTS: readonly (readonly [moment: string, reached: (names: readonly string[]) => boolean])[] = [
    ["makes its data", (names) => names.some((name) => name.startsWith("draft-"))],
    ["starts PostgreSQL", (names) => names.includes("postgres-18")],
  ];
  for (const [moment, reached] of MOMENTS) {
    it(`as a process that ${moment}, ends soon on SIGTERM with 0, and leaves no PostgreSQL behind`, async () => {
      const folder = await makeTestFolder();
      await chmod(folder, 0o711);
      const main = startMain({ ...PORTS, DATABASE_URL: "", PLEYOR_DATA_DIRECTORY: folder });
      while (!reached(await readdir(folder))) await setImmediate();
      main.process.kill("SIGTERM");
      expect(await soon(exitCodeOf(main.process))).to.equal(0);
      expect(main.stderr() + main.stdout()).to.equal("");
      expect(await findPostmaster(join(folder, "postgres-18", "data"))).to.equal(undefined);
      expect((await readdir(folder)).filter((name) => name.startsWith("draft-"))).to.deep.equal([]);
      await rm(folder, { recursive: true, force: true });
    });
  }
});

async function startError(starting: Server): Promise<string> {
  const error = await starting.start().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).to.be.instanceOf(StartError);
  return (error as StartError).message;
}

async function soon<T>(work: Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work;
  expect(performance.now() - begin).to.be.lessThan(SOON_MS);
  return result;
}
