import { expect } from "chai";
import { type KyselyPlugin, sql } from "kysely";
import type { CreditLedger, PageRequest, ReservationFilter } from "../../src/service/credit-ledger.ts";
import { selectBounded } from "../../src/storage/bounded-list.ts";
import { reservationsOfRuns } from "../../src/storage/reservation-rows.ts";
import { accepted, chargeOf, grantOf, reserved, valueIn } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

const organizationId = "long";
/** More than twice what one page looks through. */
const RESERVATIONS = 9_000;
/** In SQL, of the number `n`. */
const NTH_ID = "('0199c2a4-7d31-7a53-9c5e-' || lpad(to_hex(n), 12, '0'))";

const FILTERS: readonly (readonly [
  name: string,
  filter: Partial<ReservationFilter>,
  condition: string,
  pages: number,
])[] = [
  ["held ones", { states: ["HELD"] }, "state = 'HELD'", 1],
  ["held ones of an agent", { states: ["HELD"], agentId: "rare" }, "state = 'HELD' and agent_id = 'rare'", 1],
  ["a rare agent's", { agentId: "rare" }, "agent_id = 'rare'", 3],
  ["an agent's that there is not", { agentId: "nobody" }, "false", 3],
  ["a rare state", { states: ["RELEASED"] }, "state = 'RELEASED'", 3],
  ["a run's", { runId: "run-2", agentId: "common" }, "run_id = 'run-2' and agent_id = 'common'", 2],
];

describe("R-HOLD: lists of very many reservations", function () {
  this.timeout(60_000);
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
    await accepted(ledger, { organizationId }, grantOf(1_000n));
    await accepted(ledger, { organizationId }, chargeOf(1n));
    await rig.run(`
      insert into reservations select r.* from reservations t, generate_series(1, ${RESERVATIONS}) n,
        lateral jsonb_populate_record(t, jsonb_build_object(
          'reservation_id', ${NTH_ID},
          'state', case when n % 3000 = 5 then 'RELEASED' else 'SETTLED' end,
          'settled_micros', case when n % 3000 = 5 then null else 1 end,
          'agent_id', case when n % 4000 = 1 then 'rare' else 'common' end, 'run_id', 'run-' || n / 90)) r`);
    await rig.run(`
      insert into transactions select t.* from transactions c, generate_series(1, ${RESERVATIONS}) n,
        lateral jsonb_populate_record(c, jsonb_build_object('version', 10 + n,
          'request_id', ${NTH_ID}, 'reservation_id', ${NTH_ID}, 'run_id', 'run-' || n / 90)) t
        where c.kind = 'CHARGE'`);
    const context = { agentId: "rare" };
    await reserved(ledger, { organizationId }, 1n, { context });
    await reserved(ledger, { organizationId }, 1n);
  });

  after(() => rig.close());

  for (const [name, filter, condition, most] of FILTERS) {
    it(`${name}: pages give all that match, each once, the newest first, and each looks through so many rows`, async () => {
      const rows = await rig.rows(sql<{ id: string }>`
        select reservation_id as id from reservations where ${sql.raw(condition)} order by reservation_id desc`);
      const { ids, pages } = await walk({ states: [], runId: undefined, agentId: undefined, ...filter });
      expect(ids).to.deep.equal(rows.map(({ id }) => id));
      expect(pages).to.be.at.most(most);
    });
  }

  it("a run's: are found by the run, not among all that are held by anybody", async () => {
    await rig.run("analyze transactions, reservations");
    const ofRun = reservationsOfRuns([[organizationId, "run-2"]]);
    const rows = await rig.rows(sql<{ "QUERY PLAN": string }>`
      explain select r.* from ${ofRun} where r.state = 'HELD'`);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan)
      .to.include("transactions_run")
      .and.include("reservations_pkey")
      .and.not.include("reservations_held");
  });

  it("a page ends where its own look did, however much is new by then", async () => {
    const [last] = await rig.rows(sql<{ id: string }>`
      select reservation_id as id from reservations order by reservation_id desc limit 1 offset 4095`);
    let next = 0;
    const newer = () =>
      rig.run(`insert into reservations select r.* from reservations t,
        lateral jsonb_populate_record(t, jsonb_build_object('reservation_id',
          'ffffffff-7d31-7a53-9c5e-' || lpad('${++next}', 12, '0'))) r
        where t.reservation_id = (select reservation_id from reservations order by reservation_id limit 1)`);
    const amongOthers: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        await newer();
        return result;
      },
    };
    const database = rig.orm.em.fork().getKysely<unknown>().withPlugin(amongOthers);
    const conditions = [sql`agent_id = 'nobody'`];
    const list = { table: "reservations", key: "reservation_id", organizationId, before: undefined } as const;
    const page = await selectBounded(database, { ...list, conditions, size: 50 });
    await rig.run("delete from reservations where reservation_id > 'ffffffff-0000-0000-0000-000000000000'");
    expect(next).to.be.greaterThan(0);
    expect(page).to.deep.equal({ rows: [], before: last?.id });
  });

  async function walk(filter: ReservationFilter) {
    const ids: string[] = [];
    let pages = 0;
    for (let page: PageRequest = { size: 50, token: "" }; ; ) {
      const { items, nextPageToken } = valueIn(await ledger.listReservations(organizationId, filter, page));
      ids.push(...items.map(({ reservationId }) => reservationId));
      pages += 1;
      if (nextPageToken === "") return { ids, pages };
      page = { size: 50, token: nextPageToken };
    }
  }
});
