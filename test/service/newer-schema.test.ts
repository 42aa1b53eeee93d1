import { expect } from "chai";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import {
  ANY_TRANSACTION,
  accepted,
  chargeOf,
  grantOf,
  reservationIdOf,
  reserveOf,
  settleOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

describe("a server whose database has a newer schema", () => {
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

  async function spend(organizationId: string): Promise<bigint> {
    const asking = { organizationId };
    const held = await accepted(ledger, asking, reserveOf(1_000n));
    await accepted(ledger, asking, settleOf(reservationIdOf(held), 700n));
    const { account } = await accepted(ledger, asking, chargeOf(300n));
    return account.balance.purchasedMicros;
  }

  /** Each connection that reads is asked by what it has prepared. */
  async function read(organizationId: string): Promise<number> {
    const filter = { ...ANY_TRANSACTION, startTime: 1n };
    const page = { size: 50, token: "" };
    const asked = Array.from({ length: 4 }, () => ledger.listTransactions(organizationId, filter, page));
    const counts = (await Promise.all(asked)).map((answer) => valueIn(answer).items.length);
    expect(new Set(counts).size).to.equal(1);
    valueIn(await ledger.getBalance(organizationId, undefined));
    return counts[0] ?? 0;
  }

  it("goes on where tables have got more columns, whatever it has prepared", async () => {
    await accepted(ledger, { organizationId: "acme" }, grantOf(10_000n, { grantKind: "PURCHASED" }));
    for (let round = 1n; round <= 8n; round += 1n)
      expect(await spend("acme")).to.equal(10_000n - round * 1_000n);
    for (const table of ["accounts", "grants", "debts", "reservations", "transactions", "alert_settings"])
      await rig.run(`alter table ${table} add column newer text`);
    expect(await spend("acme")).to.equal(1_000n);
  });

  for (const [table, change] of [
    ["reservations", "run_id type varchar(200)"],
    ["accounts", "alert_number type numeric"],
    ["transactions", "run_id type varchar(200)"],
    ["grants", 'reference type text collate "POSIX"'],
  ] as const) {
    it(`goes on where it has prepared what gives other columns now: ${table}, ${change}`, async () => {
      await accepted(ledger, { organizationId: table }, grantOf(2_000n, { grantKind: "PURCHASED" }));
      expect(await spend(table)).to.equal(1_000n);
      expect(await read(table)).to.equal(4);
      await rig.run(`alter table ${table} alter column ${change}`);
      expect(await read(table)).to.equal(4);
      expect(await spend(table)).to.equal(0n);
      expect(await read(table)).to.equal(7);
    });
  }
});
