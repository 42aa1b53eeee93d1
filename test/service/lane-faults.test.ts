import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { guarded } from "../../src/service/guarded.ts";
import { Lane, type LaneSettings } from "../../src/service/lane.ts";
import { CommittedError } from "../../src/storage/database-fault.ts";
import { inTransaction } from "../../src/storage/database-transaction.ts";
import { accepted, answerTo, chargeOf, grantIdOf, grantOf, reserveOf, valueIn } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { ScriptedDatabase, ScriptedFault } from "./support/scripted-database.ts";
import { until } from "./support/until.ts";

/** The first moment, in microseconds, that could not be read back. */
const PAST_ALL_DATES = 253_402_300_800_000_000n;

const LANE_SETTINGS: LaneSettings = {
  batchCommandsMax: 32,
  queueCommandsMax: 100,
  queueWaitMsMax: 1_000,
  standingWaitMsMax: 25,
  retryAttemptsMax: 3,
  scope: "many",
};

describe("a batch with a command that throws", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve({ lanes: { count: 1 } });
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  it("fails the command alone that violates a constraint of the database", async () => {
    await rig.run("alter table grants add constraint test_poison check (reference <> 'test:poison')");
    const references = ["test:a", "test:b", "test:poison", "test:c"];
    const answers = await Promise.allSettled(
      ["o1", "o2"].flatMap((organizationId) =>
        references.map((reference) => answerTo(ledger, { organizationId }, grantOf(1n, { reference }))),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.map((status) => status === "fulfilled")).to.deep.equal(
      [...references, ...references].map((reference) => reference !== "test:poison"),
    );
    const { version } = valueIn(await ledger.getBalance("o1", undefined));
    expect(version).to.equal(3n);
  });

  it("fails the organization alone whose row was damaged, and says so each time", async () => {
    const asking = { organizationId: "damaged" };
    const grantId = grantIdOf(await accepted(ledger, asking, grantOf(100n)));
    await accepted(ledger, { organizationId: "sane" }, grantOf(100n));
    await rig.rows(sql`
      update grants set free_micros = 40, voided_micros = 60 where grant_id = ${grantId}`);
    const answers = await Promise.allSettled([
      accepted(ledger, { organizationId: "sane" }, chargeOf(1n)),
      accepted(ledger, asking, chargeOf(100n)),
      accepted(ledger, { organizationId: "sane" }, chargeOf(2n)),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    await rig.rows(sql`
      update grants set free_micros = 100, voided_micros = 0 where grant_id = ${grantId}`);
    await accepted(ledger, asking, chargeOf(100n));
  });

  it("fails a malformed command alone, and remembers nothing of it", async () => {
    const organizationId = "malformed";
    await accepted(ledger, { organizationId }, grantOf(100n));
    const requestId = randomUUID();
    const answers = await Promise.allSettled([
      accepted(ledger, { organizationId }, chargeOf(1n)),
      accepted(ledger, { organizationId, requestId }, chargeOf(-1n)),
      accepted(ledger, { organizationId, requestId: "no-uuid" }, chargeOf(1n)),
      accepted(ledger, { organizationId }, chargeOf(2n, { context: { runId: "with\0zero" } })),
      accepted(ledger, { organizationId }, chargeOf(1n)),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal([
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(await accepted(ledger, { organizationId, requestId }, chargeOf(3n))).to.include({
      replayed: false,
    });
  });

  it("fails alone, and commits nothing beside, what can't be made into a row", async () => {
    const organizationId = "unwritable";
    await accepted(ledger, { organizationId }, grantOf(10_000n, { grantKind: "PURCHASED" }));
    // What is due earlier than the grant: its expiry is then written with it alone.
    await accepted(ledger, { organizationId }, reserveOf(1_000n));
    const answers = await Promise.allSettled([
      accepted(ledger, { organizationId }, chargeOf(1n)),
      accepted(ledger, { organizationId }, grantOf(5n, { expireTime: PAST_ALL_DATES })),
      accepted(ledger, { organizationId }, chargeOf(2n)),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    const { balance, version } = valueIn(await ledger.getBalance(organizationId, undefined));
    expect([balance.purchasedMicros, balance.promotionalMicros, version]).to.deep.equal([9_997n, 0n, 4n]);
    await rig.expectSound();
  });

  it("keeps text exactly as it came, whatever it looks like", async () => {
    const organizationId = `quotes ' " \\ {} , NULL % $1 ? ;--`;
    const context = {
      runId: "NULL",
      nodeId: "{a,b}",
      agentId: "",
      labels: { b: `"\\'`, a: "é😀\u2028", "": " " },
    };
    await accepted(ledger, { organizationId }, grantOf(5n, { reference: "it's; drop table accounts" }));
    const requestId = randomUUID();
    const first = await accepted(ledger, { organizationId, requestId }, chargeOf(1n, { context }));
    const again = await accepted(ledger, { organizationId, requestId }, chargeOf(1n, { context }));
    expect(again).to.include({ replayed: true });
    expect(again.reservations).to.deep.equal(first.reservations);
    expect(again.reservations[0]?.context).to.deep.equal(context);
    expect(again.transactions).to.deep.equal(first.transactions);
  });

  it("serves where the database writes dates in another way and elsewhere in time", async () => {
    const [row] = await rig.rows(sql<{ name: string }>`select current_database() as name`);
    await rig.run(`alter database ${row?.name} set datestyle to 'German, DMY'`);
    await rig.run(`alter database ${row?.name} set timezone to 'Asia/Kathmandu'`);
    await rig.run(`alter database ${row?.name} set default_transaction_isolation to 'serializable'`);
    const abroad = rig.serve();
    const asking = { organizationId: "abroad" };
    const { grant } = await accepted(abroad, asking, grantOf(5n, { expireTime: 253402300799999999n }));
    expect(valueIn(await abroad.getGrant("abroad", grant?.grantId ?? "")).grant).to.deep.equal(grant);
    await Promise.all(Array.from({ length: 5 }, () => accepted(abroad, asking, chargeOf(1n))));
    await rig.stop(abroad);
  });
});

describe("a batch that meets locks and limits", () => {
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  it("answers the others while somebody keeps one organization's row, and that one once it is let go", async () => {
    const ledger = rig.serve({
      database: { lockTimeoutMs: 150 },
      lanes: { count: 1, retryAttemptsMax: 100 },
    });
    for (const organizationId of ["kept", "free"]) await accepted(ledger, { organizationId }, grantOf(9n));
    let letGo = (): void => undefined;
    const kept = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let locked = false;
    const keeping = inTransaction(rig.orm, "write", async (em) => {
      await sql`select from accounts where organization_id = 'kept' for update`.execute(em.getKysely());
      locked = true;
      await kept;
    });
    await until(() => locked);
    let answered = false;
    const free = accepted(ledger, { organizationId: "free" }, chargeOf(1n));
    const waiting = accepted(ledger, { organizationId: "kept" }, chargeOf(1n)).then(() => {
      answered = true;
    });
    await free;
    expect(answered).to.equal(false);
    letGo();
    await Promise.all([keeping, waiting]);
  });

  it("says that the database does not answer when a row stays locked for too long", async () => {
    const ledger = rig.serve({ database: { lockTimeoutMs: 50 }, lanes: { retryAttemptsMax: 2 } });
    await inTransaction(rig.orm, "write", async (em) => {
      await sql`select from accounts where organization_id = 'kept' for update`.execute(em.getKysely());
      const [answer] = await Promise.allSettled([accepted(ledger, { organizationId: "kept" }, chargeOf(1n))]);
      expect(answer).to.have.nested.property("reason.fault", "DATABASE_UNAVAILABLE");
    });
    await accepted(ledger, { organizationId: "kept" }, chargeOf(1n));
  });

  it("fails a command alone that takes longer than a statement may", async () => {
    const ledger = rig.serve({ database: { statementTimeoutMs: 400 }, lanes: { count: 1 } });
    await rig.run(`
      create function test_slow() returns trigger language plpgsql as $$
      begin
        if new.reference = 'test:slow' then perform pg_sleep(15); end if;
        return new;
      end $$;
      create trigger test_slow before insert on transactions for each row execute function test_slow()`);
    const answers = await Promise.allSettled(
      ["test:s1", "test:slow", "test:s2"].map((reference) =>
        accepted(ledger, { organizationId: "slow" }, grantOf(1n, { reference })),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[1]).to.have.nested.property("reason.fault", "DATABASE_UNAVAILABLE");
  });

  it("lets reads wait for reads alone: a mutation does not queue behind them", async () => {
    const ledger = rig.serve({ database: { connectionsMax: 3 }, lanes: { count: 1 } });
    await accepted(ledger, { organizationId: "busy" }, grantOf(9n));
    let read = 0;
    const reads = Array.from({ length: 1_000 }, async () => {
      await ledger.getBalance("busy", undefined);
      read += 1;
    });
    await accepted(ledger, { organizationId: "busy" }, chargeOf(1n));
    expect(read).to.be.lessThan(1_000);
    await Promise.all(reads);
  });
});

describe("a batch that was committed without all that it was to write", () => {
  it("is not tried again, neither whole nor one at a time, and answered with what happened", async () => {
    for (const commands of [1, 3]) {
      const database = new ScriptedDatabase(() => {
        throw new ScriptedFault("committed");
      });
      const lane = new Lane(database, LANE_SETTINGS);
      const items = Array.from({ length: commands }, () => ({ organizationId: "a", request: undefined }));
      const answers = await Promise.allSettled(items.map((item) => lane.submit(item)));
      for (const answer of answers) expect(answer).to.have.nested.property("reason.fault", "committed");
      expect(database.batches).to.have.length(1);
    }
  });

  it("is a fault of the server, not of a database that is away", async () => {
    const committed = new CommittedError(new Error("Connection terminated unexpectedly"));
    expect(await guarded(() => Promise.reject(committed)).catch((error: unknown) => error)).to.equal(
      committed,
    );
  });
});
