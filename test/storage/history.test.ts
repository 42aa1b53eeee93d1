import { expect } from "chai";
import { sql } from "kysely";
import { createCreditLedger } from "../../src/service/create-credit-ledger.ts";
import { verifyLedger } from "../../src/service/verification.ts";
import { indexSegments } from "../../src/storage/history-segments.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { createOrm, type Orm } from "../../src/storage/orm.ts";
import {
  accepted,
  chargeOf,
  grantIdOf,
  grantOf,
  reserved,
  settleOf,
  valueIn,
} from "../service/support/asking.ts";
import { LedgerRig } from "../service/support/ledger-rig.ts";
import { ormSettings } from "../service/support/orm-settings.ts";
import { RUN_PREFIX } from "../support/cluster.ts";
import { createEmptyTestDatabase, type TestDatabase } from "../support/database.ts";

const REWRITES = [
  "update transactions set actor = 'nobody'",
  "update transactions set actor = 'nobody' where false",
  "delete from transactions",
  "truncate transactions",
  "insert into transactions select * from transactions on conflict (organization_id, version) do update set actor = 'x'",
  "merge into transactions t using transactions s on t.version = s.version when matched then delete",
];
const ROLE = `${RUN_PREFIX}serving role`;

describe("R-HIST-1: history", () => {
  describe("where one role does everything", () => {
    let rig: LedgerRig;

    before(async () => {
      rig = await LedgerRig.open();
      await accepted(rig.serve(), { organizationId: "history" }, grantOf(1n));
    });

    after(async () => {
      await rig.expectSound();
      await rig.close();
    });

    for (const statement of REWRITES) {
      it(`is not rewritten by: ${statement}`, async () => {
        expect(await codeOf(rig.run(statement))).to.equal("23001");
        const rows = await rig.rows(sql<{ actor: string }>`select actor from transactions`);
        expect(rows).to.deep.equal([{ actor: "tester" }]);
      });
    }
  });

  describe("where another role serves", () => {
    let database: TestDatabase;
    let admin: Orm;
    let servingUrl: string;

    before(async () => {
      database = await createEmptyTestDatabase();
      admin = createOrm(ormSettings(database.url));
      await execute(admin, `create role "${ROLE}" login password 'secret'`);
      // As where nobody gets a right by default.
      await execute(admin, "alter default privileges revoke execute on functions from public");
      const url = new URL(database.url);
      url.username = encodeURIComponent(ROLE);
      url.password = "secret";
      servingUrl = url.href;
      await migrate(database.url, servingUrl);
    });

    after(async () => {
      await execute(admin, `drop owned by "${ROLE}"`);
      await execute(admin, `drop role "${ROLE}"`);
      await admin.close(true);
      await database.drop();
    });

    it("lets it do everything that a server does", async () => {
      const { ledger, stop } = createCreditLedger({
        database: ormSettings(servingUrl),
        lanes: {
          count: 1,
          batchCommandsMax: 10,
          queueCommandsMax: 100,
          queueWaitMsMax: 1_000,
          standingWaitMsMax: 25,
          retryAttemptsMax: 2,
          scope: "many",
        },
        sweep: { intervalMs: 10, organizationsMax: 10 },
        rollUp: { intervalMs: 1, transactionsMax: 10 },
        onError: (error) => expect.fail(String(error)),
      });
      const asking = { organizationId: "served" };
      const grantId = grantIdOf(await accepted(ledger, asking, grantOf(100n)));
      await accepted(ledger, asking, settleOf(await reserved(ledger, asking, 30n), 20n));
      await accepted(ledger, asking, chargeOf(200n, { allowDebt: true }));
      await accepted(ledger, asking, grantOf(500n));
      await accepted(ledger, asking, { kind: "voidGrant", grantId, spentBecomesDebt: false, reason: "" });
      expect(valueIn(await ledger.getBalance("served", undefined)).version).to.equal(6n);
      await stop();
      const serving = createOrm(ormSettings(servingUrl));
      expect(await indexSegments(serving, "served")).to.equal(false);
      expect((await verifyLedger(serving)).discrepancies).to.deep.equal([]);
      await execute(serving, "insert into history_segments values ('served', 'kind', 'GRANT', 0)");
      await serving.close(true);
    });

    it("gives it no right to rewrite history, to switch the trigger off or to migrate", async () => {
      const serving = createOrm(ormSettings(servingUrl));
      const forbidden = [
        ...REWRITES,
        "alter table transactions disable trigger transactions_append_only",
        "drop table transactions",
        "create table mine (one integer)",
        "delete from migrations",
        "delete from grants",
        "delete from reservations",
        "set session_replication_role = replica",
      ];
      for (const statement of forbidden)
        expect(await codeOf(execute(serving, statement)), statement).to.equal("42501");
      await serving.close(true);
    });

    it("takes the right back from a role that had it, at the next start", async () => {
      await execute(admin, `grant update, delete, truncate on transactions to "${ROLE}"`);
      await migrate(database.url, servingUrl);
      const rows = await sql<{ right: string }>`
        select privilege_type as right from information_schema.table_privileges
        where grantee = ${ROLE} and table_name = 'transactions' order by 1`.execute(
        admin.em.fork().getKysely(),
      );
      expect(rows.rows.map(({ right }) => right)).to.deep.equal(["INSERT", "SELECT"]);
    });
  });
});

describe("migrations", () => {
  let database: TestDatabase;

  before(async () => {
    database = await createEmptyTestDatabase();
  });

  after(async () => {
    await database.drop();
  });

  it("run once, by servers that start together and by those that start again", async () => {
    await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    await migrate(database.url);
    const orm = createOrm(ormSettings(database.url));
    const { rows } = await sql`select name from migrations`.execute(orm.em.fork().getKysely());
    await orm.close(true);
    const names = [
      ...["ledger", "plans", "alerts", "rate-cards"].map((name) => `2026-11-22-${name}`),
      ...[
        "request-references",
        "history-segments",
        "vacuum",
        "usage",
        "usage-run-filters",
        "required-rows",
      ].map((name) => `2026-11-24-${name}`),
      "2026-11-29-reservation-runs",
    ];
    expect(rows).to.deep.equal(names.map((name) => ({ name })));
  });

  it("that can't be run are an error, and leave no session open", async () => {
    const url = new URL(database.url);
    url.pathname = "missing_database";
    expect(await codeOf(migrate(url.href))).to.equal("3D000");
  });
});

async function execute(orm: Orm, statement: string): Promise<void> {
  await sql.raw(statement).execute(orm.em.fork().getKysely());
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
