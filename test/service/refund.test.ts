import { expect } from "chai";
import type { Command } from "../../src/domain/ledger/command.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { accepted, chargeOf, grantIdOf, grantOf, refused, reservationIdOf } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

function refundOf(reservationId: string, amountMicros?: bigint): Command {
  return { kind: "refundReservation", reservationId, amountMicros, reason: "bad output" };
}

describe("a refund on the real database", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
  });

  afterEach(() => rig.expectSound());
  after(() => rig.close());

  it("R-HOLD-12: goes back to grants that were spent, in parts, and is verified", async () => {
    const asking = { organizationId: "spent" };
    await accepted(ledger, asking, grantOf(30n));
    await accepted(ledger, asking, grantOf(50n, { grantKind: "PURCHASED" }));
    const charge = reservationIdOf(await accepted(ledger, asking, chargeOf(80n)));
    const first = await accepted(ledger, asking, refundOf(charge, 60n));
    expect(first.account.balance).to.deep.include({ promotionalMicros: 10n, purchasedMicros: 50n });
    const rest = await accepted(ledger, asking, refundOf(charge));
    expect(rest.reservations[0]?.refundedMicros).to.equal(80n);
    expect(await refused(ledger, asking, refundOf(charge, 1n))).to.include({
      reason: "REFUND_EXCEEDS_CHARGE",
    });
  });

  it("R-HOLD-12: debt that was paid since comes back in a grant of its own, under a reference nobody has", async () => {
    const organizationId = "indebted";
    const requestId = "6f1c0a3e-0000-4000-8000-0000000000ff";
    await accepted(ledger, { organizationId }, grantOf(10n));
    const overrun = chargeOf(25n, { allowDebt: true });
    const charge = reservationIdOf(await accepted(ledger, { organizationId }, overrun));
    await accepted(ledger, { organizationId }, grantOf(20n, { reference: `refund:${requestId}/debt` }));
    const refund = await accepted(ledger, { organizationId, requestId }, refundOf(charge));
    expect(refund.transactions[0]?.made).to.have.length(1);
    expect(refund.transactions[0]?.made?.[0]).to.include({
      kind: "PROMOTIONAL",
      amountMicros: 15n,
      reference: `refund:${requestId}/debt/2`,
    });
    const again = await accepted(ledger, { organizationId, requestId }, refundOf(charge));
    expect(again.replayed).to.equal(true);
    expect(again.transactions).to.deep.equal(refund.transactions);
  });

  it("R-HOLD-12, R-GRANT-5: what comes back to a voided grant lowers debt", async () => {
    const asking = { organizationId: "voided" };
    const grant = await accepted(ledger, asking, grantOf(40n, { grantKind: "PURCHASED" }));
    const charge = reservationIdOf(await accepted(ledger, asking, chargeOf(40n)));
    const grantId = grantIdOf(grant);
    await accepted(ledger, asking, {
      kind: "voidGrant",
      grantId,
      spentBecomesDebt: true,
      reason: "chargeback",
    });
    const refund = await accepted(ledger, asking, refundOf(charge, 25n));
    expect(refund.account.balance.debtMicros).to.equal(15n);
  });
});
