import { expect } from "chai";
import { rollUp } from "../../../src/storage/usage/roll-up.ts";
import { UsageSnapshot } from "../../../src/storage/usage/usage-snapshot.ts";
import { LedgerRig } from "../support/ledger-rig.ts";

const RUNS = 10_000;
/** That of the service. Looking through all runs for each one's children would take three times as long. */
const STATEMENT_TIMEOUT_MS = 4_000;

const SHAPES: Readonly<Record<string, string>> = {
  "a run that started all others": "'run-0'",
  "runs that started ten each": "'run-' || (n - 1) / 10",
};

for (const [shape, parent] of Object.entries(SHAPES)) {
  describe(`R-HIST-3: ${RUNS} descendants: ${shape}`, function () {
    this.timeout(60_000);
    const organizationId = "tree";
    let rig: LedgerRig;

    before(async () => {
      rig = await LedgerRig.open();
      await rig.run(`
        insert into transactions (organization_id, version, kind, effective_time, record_time, request_ordinal, actor,
          amount_micros, run_id, parent_run_id, reservation_id, movements, subscription_micros, promotional_micros,
          purchased_micros, reserved_micros, debt_micros, hash)
        select '${organizationId}', n + 1, 'CHARGE', now(), now(), 0, 'x', 1, 'run-' || n,
          case when n > 0 then ${parent} end, gen_random_uuid(), '[]', 0, 0, 0, 0, 0, ''
        from generate_series(0, ${RUNS}) n`);
      await rig.run(`
        insert into accounts (organization_id, version, update_time, subscription_micros, promotional_micros,
          purchased_micros, reserved_micros, debt_micros, head_hash)
        values ('${organizationId}', ${RUNS + 1}, now(), 0, 0, 0, 0, 0, '')`);
    });

    after(() => rig.close());

    for (const summedUp of [0, 5_000, RUNS + 1]) {
      it(`are found in time where ${summedUp} of ${RUNS + 1} transactions are summed up`, async () => {
        if (summedUp > 0) await rollUp(rig.orm, organizationId, summedUp - (await cursor()));
        expect(await cursor()).to.equal(summedUp);
        const found = await descendants(RUNS);
        const all = Array.from({ length: RUNS }, (_, index) => `run-${index + 1}`);
        expect([...found].sort()).to.deep.equal(all.sort());
        expect(await descendants(100), "one more than asked for").to.have.length(101);
      });
    }

    function descendants(limit: number): Promise<readonly string[]> {
      return UsageSnapshot.read(
        rig.orm,
        organizationId,
        (snapshot) => snapshot.descendants("run-0", limit),
        STATEMENT_TIMEOUT_MS,
      );
    }

    function cursor(): Promise<number> {
      return UsageSnapshot.read(rig.orm, organizationId, async (snapshot) => Number(snapshot.cursor));
    }
  });
}
