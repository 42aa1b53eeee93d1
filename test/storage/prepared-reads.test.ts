import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { sql } from "kysely";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { preparedReads } from "../../src/storage/prepared-reads.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { createEmptyTestDatabase, type TestDatabase } from "../support/database.ts";

/** Longer than a plan is kept. */
const PLAN_MS = 1_100;

describe("prepared reads", () => {
  let database: TestDatabase;
  let orm: Orm;

  before(async () => {
    database = await createEmptyTestDatabase();
    // One connection, so that it is known which one answers.
    orm = createOrm({ ...ormSettings(database.url), connectionsMax: 1 });
    await run(sql`create table notes (note int primary key, text text)`);
    await run(sql`insert into notes select n, 'text' from generate_series(1, 10) n`);
  });

  after(async () => {
    await orm.close(true);
    await database.drop();
  });

  const run = <Row>(statement: ReturnType<typeof sql<Row>>) => statement.execute(orm.em.fork().getKysely());
  const ask = async (note: unknown) => {
    const text = sql<{
      pid: number;
      text: string;
    }>`select pg_backend_pid() as pid, text from notes where note = ${note}`;
    const { rows } = await text.execute(preparedReads(orm));
    return rows[0];
  };
  const prepared = async (): Promise<string[]> => {
    const { rows } = await run(sql<{ name: string }>`select name from pg_prepared_statements`);
    return rows.map(({ name }) => name);
  };

  it("are prepared once on a connection, whatever they ask for", async () => {
    const pids = [await ask(1), await ask(2), await ask(3)].map((row) => row?.pid);
    expect(new Set(pids).size).to.equal(1);
    expect(await prepared()).to.have.length(1);
    expect((await prepared())[0]).to.match(/^read \d+$/);
  });

  it("are planned anew now and then", async () => {
    await run(sql`set plan_cache_mode = force_generic_plan`);
    const planOf = async (): Promise<string> => {
      const [name] = await prepared();
      const { rows } = await run(sql.raw<{ "QUERY PLAN": string }>(`explain execute "${name}" (1)`));
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    await ask(1);
    await run(sql`set enable_indexscan = off`);
    await run(sql`set enable_bitmapscan = off`);
    expect(await planOf(), "kept for a while").to.include("Index");
    await delay(PLAN_MS);
    await ask(1);
    expect(await planOf()).to.include("Seq Scan");
    await run(sql`reset all`);
  });

  it("are asked without, by another connection, where what is prepared gives other columns now", async () => {
    const before = await ask(1);
    await run(sql`alter table notes alter column text type varchar(20)`);
    const after = await ask(1);
    expect(after?.text).to.equal("text");
    expect(after?.pid).not.to.equal(before?.pid);
  });

  it("leave the connection as it was where the statement fails, and throw away one that failed otherwise", async () => {
    const before = await ask(1);
    const failed = await sql`select 1 / (note - ${1}::int) from notes`
      .execute(preparedReads(orm))
      .catch(String);
    expect(failed).to.include("division by zero");
    expect((await ask(1))?.pid).to.equal(before?.pid);
    const unsendable = { toPostgres: () => expect.fail("not to be sent") };
    expect(String(await ask(unsendable).catch(String))).to.include("not to be sent");
    expect((await ask(1))?.pid).not.to.equal(before?.pid);
  });

  it("go on by a new connection where PostgreSQL has ended the one that asked", async () => {
    const asked = sql`select pg_sleep(10), ${1}::int`.execute(preparedReads(orm)).catch(String);
    const other = createOrm({ ...ormSettings(database.url), connectionsMax: 1 });
    const ending = sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`;
    for (let ended = 0; ended === 0; await delay(20))
      ended = (await ending.execute(other.em.fork().getKysely())).rows.length;
    expect(await asked).to.include("terminating connection");
    expect((await ask(1))?.text).to.equal("text");
    await other.close(true);
  });
});
