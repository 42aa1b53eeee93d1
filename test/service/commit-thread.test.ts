import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { Committed } from "../../src/service/batch.ts";
import { CommitThread } from "../../src/service/commit/commit-thread.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { Lanes } from "../../src/service/lanes.ts";
import { inTransaction } from "../../src/storage/database-transaction.ts";
import { fingerprintOf } from "../../src/storage/hash-chain.ts";
import {
  accepted,
  chargeOf,
  grantOf,
  refused,
  reservationIdOf,
  reserveOf,
  settleOf,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { ormSettings } from "./support/orm-settings.ts";

const LANE_SETTINGS = {
  count: 2,
  batchCommandsMax: 512,
  queueCommandsMax: 20_000,
  queueWaitMsMax: 10_000,
  standingWaitMsMax: 10_000,
  retryAttemptsMax: 8,
  scope: "many",
} as const;
const CALLS = 400;
const DYING = new URL("support/dying-thread.ts", import.meta.url);

describe("a thread that commits batches", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve({ lanes: { thread: true } });
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  it("answers as the ledger without one does", async () => {
    const asking = { organizationId: "o" };
    const granted = await accepted(ledger, asking, grantOf(100n));
    expect(granted.grant).to.include({ amountMicros: 100n });
    const held = await accepted(ledger, asking, reserveOf(60n));
    expect(held.account.balance).to.include({ reservedMicros: 60n });
    const reservationId = reservationIdOf(held);
    const requestId = randomUUID();
    const settled = await accepted(ledger, { ...asking, requestId }, settleOf(reservationId, 50n));
    expect(settled.reservations[0]).to.include({ state: "SETTLED", settledMicros: 50n });
    const again = await accepted(ledger, { ...asking, requestId }, settleOf(reservationId, 50n));
    expect(again).to.include({ replayed: true });
    expect(await refused(ledger, asking, chargeOf(51n))).to.include({ reason: "INSUFFICIENT_CREDITS" });
  });

  it("fails the command alone that the database refuses", async () => {
    await rig.run("alter table grants add constraint test_poison check (reference <> 'test:poison')");
    const answers = await Promise.allSettled(
      ["test:a", "test:poison", "test:c"].map((reference) =>
        accepted(ledger, { organizationId: "poisoned" }, grantOf(1n, { reference })),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[1]).to.have.nested.property("reason.code", "23514");
  });

  it("waits for a locked row and says that the database is away, as a ledger without one does", async () => {
    const { ledger: hasty } = rig.serveAll({
      database: { lockTimeoutMs: 400 },
      lanes: { thread: true, retryAttemptsMax: 1 },
    });
    const asking = { organizationId: "locked" };
    await accepted(hasty, asking, grantOf(10n));
    await inTransaction(rig.orm, "write", async (em) => {
      await sql`select from accounts where organization_id = 'locked' for update`.execute(em.getKysely());
      const error = await accepted(hasty, asking, chargeOf(1n)).catch((reason: unknown) => reason);
      expect(error).to.include({ fault: "DATABASE_UNAVAILABLE" });
    });
    await accepted(hasty, asking, chargeOf(1n));
    await rig.stop(hasty);
  });

  it("R-REQ-4: loses nothing and does nothing twice when it dies and is started again", async () => {
    const organizationId = "mortal";
    await accepted(ledger, { organizationId }, grantOf(BigInt(CALLS)));
    const errors: unknown[] = [];
    const changes: Committed[] = [];
    const listener = {
      committed: (made: Committed) => changes.push(made),
      onError: (error: unknown) => errors.push(error),
    };
    const settings = { database: ormSettings(rig.url), clocks: "database" } as const;
    const thread = new CommitThread(settings, listener, DYING);
    const lanes = new Lanes(() => thread.lane(), LANE_SETTINGS);
    const charge = async () => {
      const command = chargeOf(1n);
      const request = { organizationId, requestId: randomUUID(), actor: "tester", command };
      const outcome = await lanes.submit({
        organizationId,
        request: { ...request, fingerprint: fingerprintOf(command) },
      });
      return outcome.outcome;
    };
    const outcomes: string[] = [];
    while (outcomes.length < CALLS) outcomes.push(...(await Promise.all(Array.from({ length: 40 }, charge))));
    await lanes.drain();
    await thread.stop();
    expect(errors.length).to.be.greaterThan(0);
    expect(errors[0]).to.have.property("message", "the thread that commits batches ended");
    expect(new Set(outcomes)).to.not.include("refused");
    const [row] = await rig.rows(sql<{ charges: number }>`
      select count(*)::int as charges from transactions where organization_id = ${organizationId} and kind = 'CHARGE'`);
    expect(row?.charges).to.equal(CALLS);
    expect(changes.length).to.be.greaterThan(0);
  });
});
