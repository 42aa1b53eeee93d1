import { expect } from "chai";
import type { RunningLedger } from "../../../src/service/create-credit-ledger.ts";
import { accepted, grantOf, reserved, settleOf, valueIn } from "../support/asking.ts";
import { LedgerRig } from "../support/ledger-rig.ts";

const asking = { organizationId: "acme" };
/** Together with the hold and its settle, two more changes than are told. */
const REFUNDS = 1_000n;

describe("R-HIST-2: the history of a reservation that was changed very often", () => {
  let rig: LedgerRig;
  let server: RunningLedger;

  before(async function () {
    this.timeout(60_000);
    rig = await LedgerRig.open();
    server = rig.serveAll();
    const { ledger } = server;
    await accepted(ledger, asking, grantOf(10_000n));
    const reservationId = await reserved(ledger, asking, REFUNDS);
    await accepted(ledger, asking, settleOf(reservationId, REFUNDS));
    const refunds = Array.from({ length: Number(REFUNDS) }, () =>
      accepted(ledger, asking, {
        kind: "refundReservation",
        reservationId,
        amountMicros: 1n,
        reason: "bad output",
      }),
    );
    await Promise.all(refunds);
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  for (const version of [2n, 500n, 1_001n, 1_002n, 1_003n]) {
    it(`has the explained change ${version} of 1003, and 1,000 in all, in order`, async () => {
      const { holdHistory } = valueIn(await server.usage.explainTransaction("acme", version));
      const versions = holdHistory.map((change) => change.version);
      const first = Array.from({ length: 1_000 }, (_, index) => BigInt(index + 2));
      const expected = version > 1_001n ? [...first.slice(0, -1), version] : first;
      expect(versions).to.deep.equal(expected);
    });
  }
});
