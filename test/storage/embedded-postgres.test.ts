import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { chooseAccount } from "../../src/storage/embedded/account.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/storage/embedded/embedded-postgres.ts";
import {
  EmbeddedPostgresError,
  type EmbeddedPostgresFault,
} from "../../src/storage/embedded/embedded-postgres-error.ts";
import { findPostmaster, processExists } from "../../src/storage/embedded/postmaster.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { makeTestFolder } from "../support/cluster.ts";
import { copyCheckout, startOwner } from "./owner-process.ts";

const HOME = "postgres-18";

async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const session = createSession({ connectionString: url });
  session.on("error", () => undefined);
  await session.connect();
  try {
    return (await session.query<Row>(sql)).rows;
  } finally {
    await session.end();
  }
}

async function faultOf(start: Promise<unknown>): Promise<EmbeddedPostgresError> {
  const error = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(EmbeddedPostgresError);
  expect((error as Error).message).not.to.contain("\n");
  return error as EmbeddedPostgresError;
}

async function until<Value>(condition: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await condition().catch(() => undefined);
    if (value !== undefined) {
      return value;
    }
    await delay(10);
  }
}

async function postmasterPid(dataDirectory: string): Promise<number> {
  return (await findPostmaster(join(dataDirectory, HOME, "data")))?.pid ?? 0;
}

describe("embedded PostgreSQL", () => {
  const checkout = resolve(import.meta.dirname, "../..");
  let folder: string;
  let dataDirectory: string;
  const lines: string[] = [];
  const start = (at = dataDirectory): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDirectory: at, log: (line) => lines.push(line) });

  before(async () => {
    folder = await makeTestFolder();
    // The user that runs PostgreSQL must be able to pass, and mkdtemp lets nobody in.
    await chmod(folder, 0o711);
    dataDirectory = join(folder, "kept");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("makes durable data, reached by password through the loopback only, on the first start", async () => {
    const postgres = await start();
    const rows = await query<{ name: string; setting: string }>(
      postgres.url,
      `select name, setting from pg_settings where name in
        ('fsync', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories', 'TimeZone', 'lc_messages',
         'server_encoding', 'max_connections', 'data_checksums')`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).to.deep.equal({
      fsync: "on",
      synchronous_commit: "on",
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      TimeZone: "UTC",
      lc_messages: "C",
      server_encoding: "UTF8",
      max_connections: "100",
      data_checksums: "on",
    });
    const methods = await query<{ auth_method: string }>(
      postgres.url,
      "select distinct auth_method from pg_hba_file_rules",
    );
    expect(methods).to.deep.equal([{ auth_method: "scram-sha-256" }]);
    expect((await stat(join(dataDirectory, HOME, "password"))).mode & 0o777).to.equal(0o600);
    await query(postgres.url, "create table kept as select 42 as value");
    await postgres.stop();
  });

  it("lets nobody in with another password", async () => {
    const postgres = await start();
    const url = new URL(postgres.url);
    url.password = "wrong";
    const refused = await query(url.href, "select 1").catch((error: { code: string }) => error.code);
    await postgres.stop();
    expect(refused).to.equal("28P01");
  });

  it("keeps its data and its port on the next start, and leaves no process when stopped", async () => {
    const first = await start();
    await first.stop();
    const postgres = await start();
    const pid = await postmasterPid(dataDirectory);
    expect(postgres.url).to.equal(first.url);
    expect(await query(postgres.url, "select value from kept")).to.deep.equal([{ value: 42 }]);
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(pid).to.be.greaterThan(0);
    expect(processExists(pid)).to.equal(false);
  });

  it("refuses a second service on the same data by the first one's pid, and adopts once that was killed", async () => {
    const { owner, started } = await startOwner({ checkout, dataDirectory });
    const pid = await postmasterPid(dataDirectory);
    const error = await faultOf(start());
    expect(error.fault).to.equal("already-running");
    expect(error.message).to.contain(`(pid ${owner.pid})`);
    await query(started.url, "create table adopted as select 7 as value");

    owner.kill("SIGKILL");
    await once(owner, "exit");
    const postgres = await start();
    expect(await postmasterPid(dataDirectory)).to.equal(pid);
    expect(await query(postgres.url, "select value from adopted")).to.deep.equal([{ value: 7 }]);
    await postgres.stop();
    expect(processExists(pid)).to.equal(false);
  });

  it("starts again by itself, on the same port, if the server is killed", async () => {
    const postgres = await start();
    const killed = await postmasterPid(dataDirectory);
    process.kill(killed, "SIGKILL");
    const rows = await until(() => query<{ value: number }>(postgres.url, "select value from kept"));
    expect(rows).to.deep.equal([{ value: 42 }]);
    expect(await postmasterPid(dataDirectory)).not.to.equal(killed);
    await postgres.stop();
    expect(await postmasterPid(dataDirectory)).to.equal(0);
  });

  it("starts although another process has got the pid in the lock file since", async () => {
    const account = await chooseAccount();
    const other = spawn("sleep", ["60"], { ...(account && { uid: account.uid, gid: account.gid }) });
    const lockFile = join(dataDirectory, HOME, "data", "postmaster.pid");
    const cluster = await stat(dirname(lockFile));
    await writeFile(
      lockFile,
      `${other.pid}\n${dirname(lockFile)}\n1700000000\n5432\n\n127.0.0.1\n  1 2\nready   \n`,
    );
    await chown(lockFile, cluster.uid, cluster.gid);
    const postgres = await start();
    expect(await query(postgres.url, "select value from kept")).to.deep.equal([{ value: 42 }]);
    await postgres.stop();
    other.kill();
  });

  it("starts once if two services start at the same time on new data", async () => {
    const at = join(folder, "raced");
    const starts = await Promise.allSettled([start(at), start(at)]);
    const won = starts.filter((outcome) => outcome.status === "fulfilled");
    const lost = starts.filter((outcome) => outcome.status === "rejected");
    await Promise.all(won.map(({ value }) => value.stop()));
    expect(won).to.have.length(1);
    expect(lost.map(({ reason }) => reason.fault)).to.deep.equal(["already-running"]);
    expect(await readdir(at)).to.deep.equal([HOME]);
  });

  it("says which port is taken, where a port was asked for", async () => {
    const postgres = await start();
    const port = Number(new URL(postgres.url).port);
    const error = await faultOf(
      startEmbeddedPostgres({ dataDirectory: join(folder, "raced"), port, log: () => undefined }),
    );
    await postgres.stop();
    expect(error.fault).to.equal("port-taken");
    expect(error.message).to.contain(String(port));
  });

  const refusals: [
    name: string,
    file: string,
    text: string,
    fault: EmbeddedPostgresFault,
    message: RegExp,
  ][] = [
    ["a folder with other things in it", "notes.txt", "mine", "data-directory-foreign", /holds "notes.txt"/],
    ["another PostgreSQL's data", "PG_VERSION", "15\n", "data-directory-foreign", /of a PostgreSQL 15/],
    [
      "data of another major version",
      "postgres-17/data/PG_VERSION",
      "17\n",
      "data-directory-other-major",
      / 17,/,
    ],
    [
      "data whose version was changed",
      `${HOME}/data/PG_VERSION`,
      "19\n",
      "data-directory-other-major",
      /PostgreSQL 19/,
    ],
    ["damaged data", `${HOME}/password`, "secret\n", "data-directory-damaged", /pg_control is missing/],
  ];
  for (const [name, file, text, fault, message] of refusals) {
    it(`refuses ${name}, and changes nothing`, async () => {
      const at = join(folder, name.replaceAll(/\W/g, "-"));
      await mkdir(dirname(join(at, file)), { recursive: true });
      await writeFile(join(at, file), text);
      const error = await faultOf(start(at));
      expect(error.fault).to.equal(fault);
      expect(error.message).to.match(message);
      expect(await readdir(at)).to.deep.equal([file.split("/")[0]]);
      expect(await readFile(join(at, file), "utf8")).to.equal(text);
    });
  }

  it("refuses data that PostgreSQL itself refuses, with its reason", async () => {
    const control = join(folder, "raced", HOME, "data", "global", "pg_control");
    const whole = await readFile(control);
    await writeFile(control, Buffer.alloc(whole.length, 1));
    const error = await faultOf(start(join(folder, "raced")));
    expect(error.fault).to.equal("start-failed");
    expect(error.message).to.match(/FATAL|PANIC/);
  });

  if (process.getuid?.() === 0) {
    it("runs from a checkout that only root may enter", async () => {
      const closed = join(folder, "closed");
      await copyCheckout({ from: checkout, to: closed });
      const { owner, started } = await startOwner({ checkout: closed, dataDirectory: "" });
      const rows = await query<{ path: string }>(
        started.url,
        "select current_setting('data_directory') as path",
      );
      owner.disconnect();
      await once(owner, "exit");
      await rm(started.dataDirectory, { recursive: true });
      expect(rows[0]?.path).to.match(/^\/var\/lib\/pleyor-credits\/[0-9a-f]{12}\//);
    });

    it("runs data that another user made as that user, when root starts", async () => {
      const at = join(folder, "of-nobody");
      await mkdir(at, { mode: 0o711 });
      await (await start(at)).stop();
      const home = join(at, HOME);
      for (const path of [
        at,
        home,
        ...(await readdir(home, { recursive: true })).map((n) => join(home, n)),
      ]) {
        await chown(path, 65_534, 65_534);
      }
      await chmod(at, 0o700);
      const postgres = await start(at);
      const server = await stat(`/proc/${await postmasterPid(at)}`);
      await postgres.stop();
      expect(server.uid).to.equal(65_534);
    });

    it("refuses a data directory that only root may enter", async () => {
      const closed = join(folder, "closed");
      const error = await faultOf(start(join(closed, "data")));
      expect(error.fault).to.equal("data-directory-unreachable");
    });
  }
});
