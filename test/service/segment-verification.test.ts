import { expect } from "chai";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { verifyLedger } from "../../src/service/verification.ts";
import { indexSegments } from "../../src/storage/history-segments.ts";
import { accepted, chargeOf, grantOf } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

const ASKING = { organizationId: "acme" };
/** Two segments and a tail. */
const CHARGES = 1_100;
const CHARGES_TOGETHER = 100;
const TABLES = ["history_segments", "history_indexing"];

type Told = readonly [place: string, expected: string, found: string];

/** What somebody with all rights does to the index, and what verification says of it. */
const DAMAGES: readonly [string, string, readonly Told[]][] = [
  [
    "a removed entry",
    "delete from history_segments where field = 'agent_id' and value = 'rare'",
    [["history segment 1", "agent_id rare", "nothing"]],
  ],
  [
    "an added entry",
    "insert into history_segments values ('acme', 'model_id', 'm', 0)",
    [["history segment 0", "nothing", "model_id m"]],
  ],
  [
    "an entry of a segment that is not complete",
    "insert into history_segments values ('acme', 'kind', 'CHARGE', 2)",
    [["history segment 2", "nothing", "kind CHARGE"]],
  ],
  [
    "an entry that is in another segment",
    "update history_segments set segment = 0 where value = 'rare'",
    [
      ["history segment 1", "agent_id rare", "nothing"],
      ["history segment 0", "nothing", "agent_id rare"],
    ],
  ],
  [
    "an index that goes too far",
    "update history_indexing set segments = 3",
    [["history index", "at most 2 segments", "3 segments"]],
  ],
];

describe("R-HIST-4: the index of history", function () {
  this.timeout(60_000);
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
    const ledger = rig.serve();
    await accepted(ledger, ASKING, grantOf(1_000_000n));
    for (let first = 0; first < CHARGES; first += CHARGES_TOGETHER) await chargeFrom(ledger, first);
    while (await indexSegments(rig.orm, "acme"));
  });

  after(() => rig.close());

  it("is sound where it has what occurs", () => rig.expectSound());

  for (const [what, statement, expected] of DAMAGES) {
    it(`verification finds ${what}`, async () => {
      for (const table of TABLES) await rig.run(`create table ${table}_kept as table ${table}`);
      await rig.run(statement);
      const { discrepancies } = await verifyLedger(rig.orm);
      for (const table of TABLES) {
        await rig.run(`delete from ${table}`);
        await rig.run(`insert into ${table} table ${table}_kept`);
        await rig.run(`drop table ${table}_kept`);
      }
      const told = discrepancies.map((each) => [each.place, each.expected, each.found]);
      expect(told).to.deep.equal(expected);
    });
  }

  it("is not missed where nothing is indexed yet", async () => {
    for (const table of TABLES) await rig.run(`delete from ${table}`);
    await rig.expectSound();
  });
});

async function chargeFrom(ledger: CreditLedger, first: number): Promise<void> {
  const charges = Array.from({ length: CHARGES_TOGETHER }, (_, index) => {
    const agentId = first + index === 700 ? "rare" : `agent-${index % 3}`;
    return accepted(ledger, ASKING, chargeOf(1n, { context: { runId: "r", agentId, memberId: "m" } }));
  });
  await Promise.all(charges);
}
