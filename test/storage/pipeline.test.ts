import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { sql } from "kysely";
import { databaseFaultOf } from "../../src/storage/database-fault.ts";
import { allOf, inPipeline } from "../../src/storage/database-transaction.ts";
import { createOrm, LANE_PLANS, type Orm } from "../../src/storage/orm.ts";
import { sendWrites, type Write } from "../../src/storage/pipeline.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { createEmptyTestDatabase, type TestDatabase } from "../support/database.ts";

/** Longer than a plan is kept. */
const PLAN_MS = 1_100;

const UNSENDABLE = {
  toPostgres: () => {
    throw new Error("not to be sent");
  },
};

describe("a pipeline", () => {
  let database: TestDatabase;
  let orm: Orm;

  before(async () => {
    database = await createEmptyTestDatabase();
    orm = createOrm(ormSettings(database.url));
    await sql`create table notes (note int not null check (note > 0))`.execute(orm.em.fork().getKysely());
  });

  after(async () => {
    await orm.close(true);
    await database.drop();
  });

  const notes = async (): Promise<readonly number[]> => {
    const { rows } = await sql<{ note: number }>`select note from notes order by note`.execute(
      orm.em.fork().getKysely(),
    );
    return rows.map(({ note }) => note);
  };
  const add = (note: unknown) => sql`insert into notes values (${note})`;
  const write = (note: unknown): Write => add(note).compile(orm.em.fork().getKysely());

  it("executes statements in the order in which they are asked for, each after the one before", async () => {
    const counted = await inPipeline(orm, (em) => {
      const statements = Array.from({ length: 50 }, (_, index) => {
        const insert = index % 2 === 0 ? add(index + 1).execute(em.getKysely()) : undefined;
        const count = sql<{ count: string }>`select count(*) from notes`.execute(em.getKysely());
        return allOf([insert, count]).then(([, { rows }]) => Number(rows[0]?.count));
      });
      return allOf(statements);
    });
    expect(counted).to.deep.equal(Array.from({ length: 50 }, (_, index) => Math.floor(index / 2) + 1));
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("lets no statement overtake one that was asked for before it, also while a connection is new", async () => {
    for (let ticks = 0; ticks < 30; ticks += 1) {
      const fresh = createOrm(ormSettings(database.url));
      const counted = await inPipeline(fresh, async (em) => {
        const added = add(ticks + 1).execute(em.getKysely());
        for (let tick = 0; tick < ticks; tick += 1) await undefined;
        const count = sql<{ count: string }>`select count(*) from notes`.execute(em.getKysely());
        const [, { rows }] = await allOf([added, count]);
        return Number(rows[0]?.count);
      });
      await fresh.close(true);
      expect(counted, `${ticks} turns later`).to.equal(ticks + 1);
    }
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("commits nothing where a statement fails, whatever was asked for beside and behind it", async () => {
    const failed = inPipeline(orm, async (em) => {
      const twoInARow = async () => {
        await add(1).execute(em.getKysely());
        await add(2).execute(em.getKysely());
      };
      await allOf([twoInARow(), add(-1).execute(em.getKysely()), add(3).execute(em.getKysely())]);
    });
    await failed.then(
      () => expect.fail("it was committed"),
      (error: unknown) => expect(String(error)).to.include("notes_note_check"),
    );
    expect(await notes()).to.deep.equal([]);
  });

  it("commits behind writes that are not answered yet, and throws what went wrong with one", async () => {
    await inPipeline(orm, (em) => sendWrites(em.getKysely(), [write(1), undefined, write(2)]));
    expect(await notes()).to.deep.equal([1, 2]);
    const failed = inPipeline(orm, (em) => sendWrites(em.getKysely(), [3, -1, 4].map(write)));
    expect(await failed.catch(String)).to.include("notes_note_check");
    expect(await notes()).to.deep.equal([1, 2]);
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("commits nothing where a write can't be sent, however soon the commit comes behind it", async () => {
    for (let ticks = 0; ticks < 5; ticks += 1) {
      const failed = inPipeline(orm, async (em) => {
        void sendWrites(em.getKysely(), [write(1), write(UNSENDABLE)]);
        for (let tick = 0; tick < ticks; tick += 1) await undefined;
      });
      expect(await failed.catch((error: Error) => error.message)).to.equal("not to be sent");
      expect(await notes()).to.deep.equal([]);
    }
    await inPipeline(orm, (em) => sendWrites(em.getKysely(), [write(1)]));
    expect(await notes(), "its connection can be used again").to.deep.equal([1]);
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("tells a write's failure, not that of a statement behind it that was waited for", async () => {
    const failed = inPipeline(orm, async (em) => {
      await sendWrites(em.getKysely(), [write(-1)]);
      await sql`delete from notes`.execute(em.getKysely());
    });
    expect(await failed.catch(String)).to.include("notes_note_check");
  });

  it("says that it was committed where a write comes behind the commit", async () => {
    const late = inPipeline(orm, async (em) => {
      await add(5).execute(em.getKysely());
      setImmediate(() => void sendWrites(em.getKysely(), [write(6)]));
    });
    const error = await late.catch((reason: unknown) => reason);
    expect(databaseFaultOf(error)).to.equal("committed");
    expect(error).to.have.nested.property("cause.message", "a statement after the end of its transaction");
    expect(await notes()).to.deep.equal([5]);
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("sends large writes and small ones in the order in which they are asked for", async () => {
    const long = "x".repeat(100_000);
    const lengths = await inPipeline(orm, async (em) => {
      const database = em.getKysely();
      await sql`create temporary table texts (number int generated always as identity, text text) on commit drop`.execute(
        database,
      );
      const texts = ["a", long, "b", "c", long, long, "d"];
      const put = (text: string) => sql`insert into texts (text) values (${text})`.execute(database);
      const select = sql<{ length: number }>`select length(text) from texts order by number`;
      const [{ rows }] = await allOf([Promise.all(texts.map(put)).then(() => select.execute(database))]);
      return rows.map(({ length }) => length);
    });
    expect(lengths).to.deep.equal([1, 100_000, 1, 1, 100_000, 100_000, 1]);
  });

  it("plans what it has prepared anew as a table grows", async () => {
    const lane = createOrm({ ...ormSettings(database.url), connectionsMax: 1, plans: LANE_PLANS });
    await sql`create table keys (key int primary key, rest text)`.execute(orm.em.fork().getKysely());
    const planOf = (key: number) =>
      inPipeline(lane, async (em) => {
        const kysely = em.getKysely();
        await sql`select rest from keys where key = ${key}`.execute(kysely);
        const { rows } = await sql<{ name: string }>`
          select name from pg_prepared_statements where statement like 'select rest from keys%'`.execute(
          kysely,
        );
        const plan = sql<{
          "QUERY PLAN": string;
        }>`explain execute ${sql.id(rows[0]?.name ?? "")} (${sql.lit(key)})`;
        return (await plan.execute(kysely)).rows.map((row) => row["QUERY PLAN"]).join(" ");
      });
    await sql`analyze keys`.execute(orm.em.fork().getKysely());
    const before = await planOf(1);
    await sql`insert into keys select n, repeat('x', 100) from generate_series(1, 50000) n`.execute(
      orm.em.fork().getKysely(),
    );
    expect(await planOf(2), "kept for a while").to.equal(before);
    await delay(PLAN_MS);
    expect(await planOf(3)).to.match(/^Index Scan/);
    await lane.close(true);
  });

  it("keeps no connection that has another idea of its prepared statements than PostgreSQL", async () => {
    const lane = createOrm({ ...ormSettings(database.url), connectionsMax: 1 });
    const backend = (deallocates: boolean) =>
      inPipeline(lane, async (em) => {
        const kysely = em.getKysely();
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid where ${true}`.execute(
          kysely,
        );
        if (deallocates) await sql`deallocate all`.execute(kysely);
        return rows[0]?.pid;
      });
    const first = await backend(false);
    expect(await backend(true)).to.equal(first);
    const error = await backend(false).catch((reason: unknown) => reason);
    expect(error).to.include({ code: "26000" });
    expect(await backend(false))
      .to.be.a("number")
      .and.not.equal(first);
    await lane.close(true);
  });

  it("takes no statement after its end, and no failure for a commit, whoever swallowed it", async () => {
    const database = await inPipeline(orm, async (em) => {
      await add(8).execute(em.getKysely());
      return em.getKysely();
    });
    const late = await add(9)
      .execute(database)
      .catch((error: Error) => error.message);
    expect(late).to.equal("a statement after the end of its transaction");
    const swallowed = inPipeline(orm, (em) =>
      add(-1)
        .execute(em.getKysely())
        .catch(() => undefined),
    );
    expect(await swallowed.catch(String)).to.include("notes_note_check");
    await sql`delete from notes`.execute(orm.em.fork().getKysely());
  });

  it("commits nothing where the work fails, and its connection can be used again", async () => {
    for (let round = 0; round < 10; round += 1) {
      const failed = inPipeline(orm, async (em) => {
        const slow = async () => {
          await add(1).execute(em.getKysely());
          await add(2).execute(em.getKysely());
        };
        await allOf([slow(), Promise.reject(new Error("broken"))]);
      });
      await failed.catch((error: Error) => expect(error.message).to.equal("broken"));
    }
    expect(await notes()).to.deep.equal([]);
    await inPipeline(orm, (em) => add(7).execute(em.getKysely()));
    expect(await notes()).to.deep.equal([7]);
  });
});
