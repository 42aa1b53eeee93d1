import { expect } from "chai";
import { sql } from "kysely";
import { type BulkColumn, bulkUpdate } from "../../src/storage/bulk.ts";
import { inPipeline } from "../../src/storage/database-transaction.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import { sendWrites } from "../../src/storage/pipeline.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

type Row = Readonly<{ organizationId: string; alertNumber: bigint }>;

const KEYS: readonly BulkColumn<Row>[] = [
  { name: "organization_id", array: "text", value: (row) => row.organizationId },
];
const CHANGED: readonly BulkColumn<Row>[] = [
  { name: "alert_number", array: "bigint", value: (row) => row.alertNumber },
];

describe("an update of many rows", () => {
  let database: TestDatabase;
  let orm: Orm;

  before(async () => {
    database = await createTestDatabase();
    orm = createOrm(ormSettings(database.url));
    await sql`
      insert into accounts (organization_id, version, update_time, subscription_micros, promotional_micros,
        purchased_micros, reserved_micros, debt_micros, head_hash)
      select o, 0, now(), 0, 0, 0, 0, 0, '' from unnest('{one,two}'::text[]) o`.execute(
      orm.em.fork().getKysely(),
    );
  });

  after(async () => {
    await orm.close(true);
    await database.drop();
  });

  const update = (rows: readonly Row[]): Promise<void> =>
    inPipeline(orm, (em) => sendWrites(em.getKysely(), [bulkUpdate("accounts", KEYS, CHANGED, rows)]));

  const numbers = async (): Promise<readonly string[]> => {
    const { rows } = await sql<{ number: string }>`
      select alert_number as number from accounts order by organization_id`.execute(
      orm.em.fork().getKysely(),
    );
    return rows.map(({ number }) => number);
  };

  it("changes nothing where one of them is missing, though its commit is under way", async () => {
    const failed = update([
      { organizationId: "one", alertNumber: 7n },
      { organizationId: "gone", alertNumber: 8n },
    ]);
    expect(await failed.catch(String)).to.include("1 of 2 rows of accounts were there to be updated");
    expect(await numbers()).to.deep.equal(["0", "0"]);
  });

  it("sends nothing of a batch of which one can't be made", async () => {
    const broken: BulkColumn<Row> = {
      name: "alert_number",
      array: "bigint",
      value: ({ alertNumber }) => {
        if (alertNumber > 7n) throw new Error("not to be made");
        return alertNumber;
      },
    };
    const updateOf = (alertNumber: bigint) =>
      bulkUpdate("accounts", KEYS, [broken], [{ organizationId: "one", alertNumber }]);
    const failed = inPipeline(orm, (em) => sendWrites(em.getKysely(), [7n, 8n, 6n].map(updateOf)));
    expect(await failed.catch((error: Error) => error.message)).to.equal("not to be made");
    expect(await numbers()).to.deep.equal(["0", "0"]);
  });

  it("changes each row as it was asked to", async () => {
    await update([
      { organizationId: "two", alertNumber: 2n },
      { organizationId: "one", alertNumber: 1n },
    ]);
    expect(await numbers()).to.deep.equal(["1", "2"]);
  });
});
