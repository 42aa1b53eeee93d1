import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { Command } from "../../src/domain/ledger/command.ts";
import { commitBatch, type Outcome } from "../../src/service/batch.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { Lane } from "../../src/service/lane.ts";
import { fingerprintOf } from "../../src/storage/hash-chain.ts";
import {
  accepted,
  chargeOf,
  grantIdOf,
  grantOf,
  itemOf,
  releaseOf,
  reserved,
  reserveOf,
  settleOf,
} from "./support/asking.ts";
import { batchGround } from "./support/batch-ground.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

describe("R-REQ-4: a batch whose commit succeeds without a reply", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  /** Applies commands through a lane that loses the reply to its first commit; gives outcomes and first outcomes. */
  async function loseReply(organizationId: string, commands: readonly Command[]) {
    const lost: (readonly Outcome[])[] = [];
    const lane = new Lane(
      {
        commit: async (items) => {
          const outcomes = await commitBatch(batchGround(rig.orm), items);
          if (lost.push(outcomes) === 1) throw new Error("connection terminated");
          return outcomes;
        },
        faultOf: () => "away",
      },
      {
        batchCommandsMax: 100,
        queueCommandsMax: 100,
        queueWaitMsMax: 1_000,
        standingWaitMsMax: 25,
        retryAttemptsMax: 2,
        scope: "many",
      },
    );
    const outcomes = await Promise.all(
      commands.map((command) => {
        const request = { organizationId, requestId: randomUUID(), actor: "tester", command };
        return lane.submit({ organizationId, request: { ...request, fingerprint: fingerprintOf(command) } });
      }),
    );
    return { outcomes, first: lost[0] ?? [] };
  }

  async function count(organizationId: string): Promise<number> {
    const rows = await rig.rows(sql`select from transactions where organization_id = ${organizationId}`);
    return rows.length;
  }

  it("has one effect, of every kind of command, and answers with it", async () => {
    const organizationId = "silent";
    const asking = { organizationId };
    const grantId = grantIdOf(await accepted(ledger, asking, grantOf(100n, { grantKind: "PURCHASED" })));
    await accepted(ledger, asking, grantOf(100n));
    const context = { runId: "run" };
    const ids: string[] = [];
    for (let held = 0; held < 5; held += 1) ids.push(await reserved(ledger, asking, 10n, { context }));
    const [settled = "", released = "", extended = ""] = ids;
    const before = await count(organizationId);
    const { outcomes, first } = await loseReply(organizationId, [
      reserveOf(1n),
      { kind: "batchReserveCredits", items: [itemOf(1n), itemOf(2n)] },
      settleOf(settled, 30n),
      releaseOf(released),
      {
        kind: "extendReservation",
        reservationId: extended,
        timeToLive: undefined,
        additionalAmountMicros: 3n,
      },
      chargeOf(5n),
      { kind: "releaseRun", runId: "run" },
      grantOf(7n),
      { kind: "voidGrant", grantId, spentBecomesDebt: true, reason: "" },
    ]);
    const versions = first.map((outcome) =>
      outcome.outcome === "accepted" ? outcome.transactions.map(({ version }) => version) : [],
    );
    expect(versions.map(({ length }) => length)).to.deep.equal([1, 2, 1, 1, 1, 1, 3, 1, 1]);
    expect(outcomes).to.deep.equal(versions.map((each) => ({ outcome: "unchanged", versions: each })));
    expect(await count(organizationId)).to.equal(before + versions.flat().length);
  });

  it("opens an organization once", async () => {
    const { outcomes } = await loseReply("opened", [grantOf(1n), reserveOf(1n), reserveOf(1n)]);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal(["unchanged", "unchanged", "refused"]);
    expect(await count("opened")).to.equal(2);
  });
});
