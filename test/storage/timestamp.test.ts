import { expect } from "chai";
import fc from "fast-check";
import { sql } from "kysely";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { fromRowTime, fromRowTimeOrNull, toRowTime, toRowTimeOrNull } from "../../src/storage/timestamp.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const YEAR_1 = -62_135_596_800_000_000n;
const YEAR_9999_END = 253_402_300_799_999_999n;

const TEXTS: readonly [bigint, string][] = [
  [0n, "1970-01-01 00:00:00+00"],
  [1n, "1970-01-01 00:00:00.000001+00"],
  [-1n, "1969-12-31 23:59:59.999999+00"],
  [-1_000n, "1969-12-31 23:59:59.999+00"],
  [-1_001n, "1969-12-31 23:59:59.998999+00"],
  [1_795_339_680_123_456n, "2026-11-22 09:28:00.123456+00"],
  [YEAR_1, "0001-01-01 00:00:00+00"],
  [YEAR_9999_END, "9999-12-31 23:59:59.999999+00"],
];

describe("timestamps", () => {
  let database: TestDatabase;
  let orm: Orm;

  before(async () => {
    database = await createTestDatabase();
    orm = createOrm(ormSettings(database.url));
  });

  after(async () => {
    await orm.close(true);
    await database.drop();
  });

  it("are written to the microsecond, before 1970 and until the year 9999", () => {
    for (const [time, text] of TEXTS) expect(toRowTime(time)).to.equal(text);
  });

  it("are read as PostgreSQL writes them, with or without a fraction", () => {
    expect(fromRowTime("1970-01-01 00:00:00+00")).to.equal(0n);
    expect(fromRowTime("1969-12-31 23:59:59.9+00")).to.equal(-100_000n);
    expect(fromRowTime("2026-11-22 09:28:00.000001+00")).to.equal(1_795_339_680_000_001n);
  });

  it("are refused where they could be misread", () => {
    const foreign = [
      "2026-11-22 09:28:00+05:45",
      "infinity",
      "0044-03-15 00:00:00+00 BC",
      "10000-01-01 00:00:00+00",
      "",
    ];
    for (const text of foreign) expect(() => fromRowTime(text), text).to.throw("not a UTC timestamp");
  });

  it("keep never apart from any time", () => {
    expect([toRowTimeOrNull(undefined), fromRowTimeOrNull(null)]).to.deep.equal([null, undefined]);
    expect([toRowTimeOrNull(0n), fromRowTimeOrNull("1970-01-01 00:00:00+00")]).to.deep.equal([
      "1970-01-01 00:00:00+00",
      0n,
    ]);
  });

  it("come back from PostgreSQL as they went in", async () => {
    const random = fc.sample(fc.bigInt({ min: YEAR_1, max: YEAR_9999_END }), { numRuns: 2_000, seed: 1 });
    const times = [...TEXTS.map(([time]) => time), ...random];
    const { rows } = await sql<{ t: string }>`
      select t from unnest(${times.map(toRowTime)}::timestamptz[]) with ordinality as k (t, n) order by n`.execute(
      orm.em.fork().getKysely(),
    );
    expect(rows.map(({ t }) => fromRowTime(t))).to.deep.equal(times);
  });
});
