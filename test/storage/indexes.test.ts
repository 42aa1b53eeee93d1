import { expect } from "chai";
import { sql } from "kysely";
import { LedgerRig } from "../service/support/ledger-rig.ts";

describe("The indexes of what each call writes", () => {
  let rig: LedgerRig;

  before(async () => {
    rig = await LedgerRig.open();
  });

  after(() => rig.close());

  // An entry takes PostgreSQL some 3 us of the 50 for a call, and a reservation's end writes into all that hold its row.
  it("are no more than readers and rules need", async () => {
    const rows = await rig.rows(sql<{ name: string }>`
      select indexrelid::regclass::text as name from pg_index
      where indrelid in ('transactions'::regclass, 'reservations'::regclass) order by 1`);
    expect(rows.map(({ name }) => name)).to.deep.equal([
      "reservations_held",
      "reservations_pkey",
      "transactions_pkey",
      "transactions_reference_once",
      "transactions_request_once",
      "transactions_run",
      "transactions_subscription",
    ]);
  });
});
