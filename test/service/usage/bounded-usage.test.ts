import { expect } from "chai";
import type { Discrepancy } from "../../../src/domain/ledger/discrepancy.ts";
import type { CreditLedger } from "../../../src/service/credit-ledger.ts";
import { LedgerSnapshot } from "../../../src/storage/ledger-snapshot.ts";
import { rollUp } from "../../../src/storage/usage/roll-up.ts";
import { accepted, chargeOf, grantOf } from "../support/asking.ts";
import { LedgerRig } from "../support/ledger-rig.ts";
import { usageDiscrepancies } from "../support/usage-discrepancies.ts";

const ASKING = { organizationId: "acme" };
const RUNS = 40;
/** Far fewer than an hour, a day or a month of so many runs has. */
const ROWS_MAX = 8;

/** What one row can be like, and where verification says that it is. */
const DAMAGES: readonly [string, string, RegExp][] = [
  [
    "changed by one microcredit",
    "update usage_summaries set settled_micros = settled_micros + 1 where keys = 31 and run_id = 'run-17'",
    /^usage of hour .* in summary 31, runId run-17, agentId agent-17$/,
  ],
  [
    "removed",
    "delete from usage_summaries where keys = 1 and span = 'month' and agent_id = 'agent-23'",
    /^usage of month .* in summary 1, agentId agent-23$/,
  ],
  [
    "added, with no use at all",
    "insert into usage_summaries select organization_id, keys, span, start_time, 'nobody', '', '', '', '', 0, 0, 0, 0 from usage_summaries where keys = 1 and span = 'day' limit 1",
    /^usage of day .* in summary 1, agentId nobody$/,
  ],
  [
    "exchanged with another one",
    "update usage_summaries set run_id = 'other' where keys = 31 and run_id = 'run-5'",
    /^usage of hour .* in summary 31, runId (run-5|other), agentId agent-5$/,
  ],
];

describe("R-HIST-4: a span with more rows than are kept in memory", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    await accepted(ledger, ASKING, grantOf(1_000n));
    for (let index = 0; index < 2 * RUNS; index += 1) {
      const context = { runId: `run-${index % RUNS}`, agentId: `agent-${index % RUNS}` };
      await accepted(ledger, ASKING, chargeOf(BigInt(index % 7), { context }));
    }
    await rollUp(rig.orm, "acme", 1_000);
  });

  after(() => rig.close());

  it("is compared without looking at its transactions again", async () => {
    expect(await discrepancies()).to.deep.equal({ found: [], readings: 1 });
  });

  for (const [what, statement, place] of DAMAGES) {
    it(`has a row named that was ${what}, by looking again at some of its names at a time`, async () => {
      await rig.run("create table kept as table usage_summaries");
      await rig.run(statement);
      const { found, readings } = await discrepancies();
      await rig.run("delete from usage_summaries");
      await rig.run("insert into usage_summaries table kept");
      await rig.run("drop table kept");
      for (const each of found) expect(each.place).to.match(place);
      expect(found).to.have.length(what.startsWith("exchanged") ? 2 : 1);
      expect(readings).to.be.above(RUNS / ROWS_MAX);
      await rig.expectSound();
    });
  }

  /** `readings`: how often transactions were read from the database. */
  function discrepancies(): Promise<{ found: readonly Discrepancy[]; readings: number }> {
    return LedgerSnapshot.read(rig.orm, "acme", async (snapshot) => {
      const audit = snapshot.usage({ signal: new AbortController().signal, onPage: () => undefined });
      const used = audit.used.bind(audit);
      let readings = 0;
      audit.used = (versions) => {
        readings += 1;
        return used(versions);
      };
      return { found: await usageDiscrepancies(audit, ROWS_MAX), readings };
    });
  }
});
