import { expect } from "chai";
import { seedDatabase } from "../../bench/seed/seed.ts";
import { organizationIds, type Shape } from "../../bench/seed/shape.ts";
import { createSession } from "../../src/storage/embedded/session.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { verifyDatabase } from "../support/running-service.ts";

const SHAPES: readonly Shape[] = [
  { kind: "one", transactions: 3_000, requestIds: "v7" },
  { kind: "many", transactions: 10_000, requestIds: "v4" },
];

/** What a year of a product comes to, each at least once. */
const KINDS = [
  "CHARGE",
  "CYCLE_RESET",
  "EXTEND",
  "GRANT",
  "GRANT_EXPIRY",
  "HOLD_EXPIRY",
  "REFUND",
  "RELEASE",
  "RESERVE",
  "SETTLE",
  "SUBSCRIPTION_START",
];

describe("the bulk loader", () => {
  for (const shape of SHAPES) {
    const { kind, transactions: wanted, requestIds } = shape;

    describe(`of ${kind} organization${kind === "one" ? "" : "s"}`, () => {
      let database: TestDatabase;
      let indexesBefore: readonly unknown[];
      let told = 0;

      before(async () => {
        database = await createTestDatabase();
        indexesBefore = await query(SELECT_INDEXES);
        await seedDatabase(database.url, shape, ({ transactions }) => {
          told = transactions;
        });
      });

      after(() => database.drop());

      it("writes rows that a verification finds nothing wrong with", async () => {
        const { organizations, transactions, discrepancies } = await verifyDatabase(database.url);
        expect(discrepancies).to.deep.equal([]);
        expect(organizations).to.equal(organizationIds(shape).length);
        expect(transactions)
          .to.be.within(wanted, wanted * 1.25)
          .and.to.equal(told);
      });

      it("has lived through all that a product does", async () => {
        const rows = await query<{ kind: string }>("select distinct kind from transactions");
        expect(rows.map((row) => row.kind)).to.include.members(KINDS);
        const [open] = await query<{ count: string }>(
          "select count(*) from reservations where state = 'HELD'",
        );
        expect(Number(open?.count)).to.be.at.least(wanted / 100);
      });

      it("spreads a past whose ids are as old as what they name", async () => {
        const [times] = await query<{ days: string; future: string }>(SELECT_TIMES);
        expect(Number(times?.days)).to.be.within(300, 366);
        expect(Number(times?.future)).to.equal(0);
        const [ids] = await query<Record<"versions" | "disordered", string>>(SELECT_IDS);
        expect(ids?.versions).to.equal(requestIds.slice(1));
        if (requestIds === "v7") expect(Number(ids?.disordered)).to.equal(0);
      });

      it("leaves the indexes as it found them", async () => {
        expect(await query(SELECT_INDEXES)).to.deep.equal(indexesBefore);
      });

      async function query<Row>(text: string): Promise<readonly Row[]> {
        const session = createSession({ connectionString: database.url });
        await session.connect();
        return (await session.query<Row>(text).finally(() => session.end())).rows;
      }
    });
  }
});

const SELECT_INDEXES =
  "select indexname, indexdef from pg_indexes where schemaname = 'public' order by indexname";

const SELECT_TIMES = `
  select extract(day from max(effective_time) - min(effective_time)) as days,
    count(*) filter (where record_time > clock_timestamp()) as future
  from transactions`;

/** Disordered: a request whose id is not larger than that of the one before it. */
const SELECT_IDS = `
  select string_agg(distinct substr(request_id::text, 15, 1), ',') as versions,
    count(*) filter (where request_id < before and request_ordinal = 0) as disordered
  from (select *, lag(request_id) over (partition by organization_id order by version) as before
    from transactions where request_id is not null) t`;
