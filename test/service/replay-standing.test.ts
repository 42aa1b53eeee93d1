import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { SECOND } from "../../src/domain/time.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import {
  accepted,
  grantOf,
  releaseOf,
  reservationIdOf,
  reserved,
  reserveOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

describe("R-REQ-1: the current state beside a first answer", () => {
  let rig: LedgerRig;
  let one: CreditLedger;
  let two: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    one = rig.serve();
    two = rig.serve();
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  it("is of one moment, however fast things change", async () => {
    const asking = { organizationId: "moving" };
    await accepted(one, asking, grantOf(1_000_000n));
    const requestId = randomUUID();
    const reservationId = reservationIdOf(await accepted(one, { ...asking, requestId }, reserveOf(0n)));
    let going = true;
    const extension = { kind: "extendReservation", reservationId, timeToLive: undefined } as const;
    const changing = (async () => {
      while (going) await accepted(one, asking, { ...extension, additionalAmountMicros: 1n });
    })();
    for (let round = 0; round < 100; round += 1) {
      const { current } = await accepted(two, { ...asking, requestId }, reserveOf(0n));
      const [reservation] = current?.reservations ?? [];
      expect(reservation?.versions.at(-1)).to.equal(current?.account.version);
      expect(reservation?.amountMicros).to.equal(current?.account.balance.reservedMicros);
    }
    going = false;
    await changing;
  });

  it("is all there is where there was nothing to do", async () => {
    const asking = { organizationId: "idle" };
    await accepted(one, asking, grantOf(10n));
    const requestId = randomUUID();
    const releaseAll = { kind: "releaseRun", runId: "unknown" } as const;
    const run = await accepted(one, { ...asking, requestId }, releaseAll);
    expect(run).to.deep.include({ reservations: [], replayed: false });
    expect(run.transactions.map(({ kind, movements }) => [kind, movements])).to.deep.equal([["RELEASE", []]]);
    const again = await accepted(two, { ...asking, requestId }, releaseAll);
    expect(again).to.deep.include({ transactions: run.transactions, reservations: [], replayed: true });
    const id = await reserved(one, asking, 10n, { timeToLive: SECOND });
    await until(async () => valueIn(await one.getReservation("idle", id)).state === "EXPIRED");
    const release = await accepted(two, asking, releaseOf(id));
    expect(release).to.deep.include({ transactions: [], replayed: true });
    expect(release.reservations[0]).to.include({ reservationId: id, state: "EXPIRED" });
    expect(release.account.version).to.equal(4n);
  });
});
