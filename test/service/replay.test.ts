import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { Command } from "../../src/domain/ledger/command.ts";
import { SECOND } from "../../src/domain/time.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import type { Receipt } from "../../src/service/receipt.ts";
import {
  accepted,
  answerTo,
  chargeOf,
  grantIdOf,
  grantOf,
  itemOf,
  refused,
  releaseOf,
  reservationIdOf,
  reserved,
  reserveOf,
  settleOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

describe("R-REQ: a request that is asked again", () => {
  let rig: LedgerRig;
  let one: CreditLedger;
  let two: CreditLedger;
  let organizationId: string;

  before(async () => {
    rig = await LedgerRig.open();
    one = rig.serve();
    two = rig.serve();
  });

  beforeEach(async () => {
    organizationId = `org-${randomUUID()}`;
    await accepted(one, { organizationId }, grantOf(1_000n));
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  /** Asks, lets something happen, and asks again on the other server. */
  async function askTwice(command: Command, between: (first: Receipt) => Promise<unknown>): Promise<Receipt> {
    const asking = { organizationId, requestId: randomUUID() };
    const first = await accepted(one, asking, command);
    expect(first).to.include({ replayed: false, current: undefined });
    await between(first);
    const { version } = valueIn(await one.getBalance(organizationId, undefined));
    const again = await accepted(two, asking, command);
    const { current } = again;
    expect(again, "the first answer").to.deep.equal({ ...first, replayed: true, current });
    expect(current?.account.version, "with the state as it is now beside it").to.equal(version);
    expect(valueIn(await one.getBalance(organizationId, undefined)).version).to.equal(version);
    return again;
  }

  const AFTER_A_RESERVE: readonly [string, string, (id: string) => Promise<unknown>][] = [
    ["extended", "HELD", (id) => ask(extendOf(id, 50n))],
    ["settled below its amount", "SETTLED", (id) => ask(settleOf(id, 40n))],
    ["settled above its amount", "SETTLED", (id) => ask(settleOf(id, 2_000n))],
    ["released", "RELEASED", (id) => ask(releaseOf(id))],
    ["extended and settled", "SETTLED", (id) => ask(extendOf(id, 50n)).then(() => ask(settleOf(id, 130n)))],
  ];

  function ask(command: Command): Promise<Receipt> {
    return accepted(one, { organizationId }, command);
  }

  for (const [change, state, between] of AFTER_A_RESERVE) {
    it(`R-REQ-1: a reserve gives the reservation as it was held, after it was ${change}`, async () => {
      const context = { runId: "run-1", labels: { a: "b" } };
      const again = await askTwice(reserveOf(100n, { context }), (first) => between(reservationIdOf(first)));
      expect(again.reservations[0]).to.deep.include({ state: "HELD", amountMicros: 100n, context });
      expect(again.current?.reservations[0]?.state).to.equal(state);
    });
  }

  it("R-REQ-1: a reserve gives the reservation as it was held, after it ran out", async () => {
    const again = await askTwice(reserveOf(100n, { timeToLive: SECOND }), ({ reservations }) =>
      until(async () => {
        const id = reservations[0]?.reservationId ?? "";
        return valueIn(await one.getReservation(organizationId, id)).state === "EXPIRED";
      }),
    );
    expect(again.reservations[0]?.state).to.equal("HELD");
    expect(again.current?.reservations[0]?.state).to.equal("EXPIRED");
  });

  it("R-REQ-1: an extension gives the reservation as it was extended, after a second one", async () => {
    const id = await reserved(one, { organizationId }, 100n);
    const again = await askTwice(extendOf(id, 50n), () => ask(extendOf(id, 60n)));
    expect(again.reservations[0]?.amountMicros).to.equal(150n);
    expect(again.current?.reservations[0]?.amountMicros).to.equal(210n);
  });

  it("R-REQ-1: a settle and a charge give their reservations as they ended", async () => {
    const id = await reserved(one, { organizationId }, 100n);
    const settled = await askTwice(settleOf(id, 130n), () => ask(grantOf(5n)));
    expect(settled.reservations[0]).to.deep.include({ state: "SETTLED", settledMicros: 130n });
    const charged = await askTwice(chargeOf(7_000n, { allowDebt: true }), () => ask(grantOf(50n)));
    expect(charged.reservations[0]).to.deep.include({ debtMicros: 7_000n - 875n });
  });

  it("R-REQ-1: a batch gives all its reservations in its order, after some of them changed", async () => {
    const items = [1n, 2n, 3n].map((amount) => itemOf(amount, { context: { runId: "many" } }));
    const again = await askTwice({ kind: "batchReserveCredits", items }, async ({ reservations }) => {
      await ask(settleOf(reservations[1]?.reservationId ?? "", 1n));
      await ask(releaseOf(reservations[2]?.reservationId ?? ""));
    });
    expect(again.reservations.map(({ amountMicros }) => amountMicros)).to.deep.equal([1n, 2n, 3n]);
    expect(again.current?.reservations.map(({ state }) => state)).to.deep.equal([
      "HELD",
      "SETTLED",
      "RELEASED",
    ]);
    const run = await askTwice({ kind: "releaseRun", runId: "many" }, () =>
      ask(reserveOf(1n, { context: { runId: "many" } })),
    );
    expect(run.reservations).to.have.length(1);
  });

  it("R-REQ-1: a grant is given as it was made, after it was spent and voided", async () => {
    const again = await askTwice(grantOf(500n, { grantKind: "PURCHASED" }), async (first) => {
      await ask(chargeOf(1_200n));
      const grantId = grantIdOf(first);
      await ask({ kind: "voidGrant", grantId, spentBecomesDebt: true, reason: "chargeback" });
    });
    expect(again.grant).to.deep.include({ freeMicros: 500n, consumedMicros: 0n, voided: false });
    expect(again.current?.grant).to.deep.include({ consumedMicros: 200n, voidedMicros: 300n, voided: true });
  });

  it("R-REQ-1: a void gives the grant as it was voided, after a hold of it was settled", async () => {
    const { grant } = await ask(grantOf(500n, { grantKind: "SUBSCRIPTION", expireTime: FAR }));
    const id = await reserved(one, { organizationId }, 300n);
    const command = { kind: "voidGrant", grantId: grant?.grantId ?? "", spentBecomesDebt: true, reason: "" };
    const again = await askTwice(command as Command, () => ask(settleOf(id, 300n)));
    expect(again.grant).to.deep.include({ heldMicros: 300n, voidedMicros: 200n, spentBecomesDebt: true });
    expect(again.current?.grant).to.deep.include({ heldMicros: 0n, consumedMicros: 300n });
  });

  it("R-REQ-1: the id is looked at before any rule over the current state", async () => {
    const requestId = randomUUID();
    await accepted(one, { organizationId, requestId }, chargeOf(1_000n));
    const again = await accepted(two, { organizationId, requestId }, chargeOf(1_000n));
    expect(again.replayed).to.equal(true);
    expect(await refused(two, { organizationId }, chargeOf(1_000n))).to.include({
      reason: "INSUFFICIENT_CREDITS",
    });
    const reused = await refused(two, { organizationId, requestId }, chargeOf(1_001n));
    expect(reused.reason, "though there is not enough either").to.equal("REQUEST_ID_REUSED");
  });

  it("R-REQ-1: a denied request is not remembered: it succeeds once there is enough", async () => {
    const asking = { organizationId, requestId: randomUUID() };
    expect(await refused(one, asking, reserveOf(1_500n))).to.include({ reason: "INSUFFICIENT_CREDITS" });
    expect(await refused(two, asking, chargeOf(1_501n))).to.include({ reason: "INSUFFICIENT_CREDITS" });
    await ask(grantOf(500n));
    expect(await accepted(two, asking, reserveOf(1_500n))).to.include({ replayed: false });
  });

  it("R-REQ-2: the same id with other content is refused with the first request, and changes nothing", async () => {
    const asking = { organizationId, requestId: randomUUID() };
    const { transactions } = await accepted(one, asking, reserveOf(10n));
    const before = valueIn(await one.getBalance(organizationId, undefined));
    const others = [reserveOf(11n), reserveOf(10n, { context: { runId: "r" } }), chargeOf(10n), grantOf(10n)];
    for (const other of others) {
      const refusal = await refused(two, asking, other);
      expect(refusal).to.deep.include({ reason: "REQUEST_ID_REUSED", requestId: asking.requestId });
      expect(refusal)
        .to.have.property("first")
        .that.deep.includes({
          kind: "RESERVE",
          effectiveTime: transactions[0]?.effectiveTime,
          versions: [transactions[0]?.version],
        });
    }
    expect(valueIn(await one.getBalance(organizationId, undefined))).to.deep.equal(before);
  });

  it("R-REQ-1: in another organization the same id is another request", async () => {
    const requestId = randomUUID();
    await accepted(one, { organizationId, requestId }, reserveOf(1n));
    const other = `${organizationId}-other`;
    expect(await accepted(one, { organizationId: other, requestId }, grantOf(1n))).to.include({
      replayed: false,
    });
  });

  it("R-REQ-3: copies in one batch, and on two servers at once, have one effect and one answer", async () => {
    const requests = Array.from({ length: 20 }, () => randomUUID());
    const answers = await Promise.all(
      [one, two, one, two, one].flatMap((ledger) =>
        requests.map((requestId) => accepted(ledger, { organizationId, requestId }, reserveOf(3n))),
      ),
    );
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(20);
    for (const requestId of requests) {
      const same = answers.filter(({ transactions }) => transactions[0]?.requestId === requestId);
      expect(new Set(same.map(reservationIdOf)).size).to.equal(1);
      expect(same).to.have.length(5);
    }
    const { balance, version } = valueIn(await one.getBalance(organizationId, undefined));
    expect(balance.reservedMicros).to.equal(60n);
    expect(version).to.equal(21n);
  });

  it("R-REQ-3: of two contents under one id at once, one is done and the other refused", async () => {
    for (let round = 0; round < 10; round += 1) {
      const asking = { organizationId, requestId: randomUUID() };
      const answers = await Promise.all([
        answerTo(one, asking, reserveOf(1n)),
        answerTo(two, asking, reserveOf(2n)),
        answerTo(one, asking, reserveOf(3n)),
      ]);
      const reasons = answers.flatMap((answer) => ("refusal" in answer ? [answer.refusal.reason] : []));
      expect(reasons).to.deep.equal(["REQUEST_ID_REUSED", "REQUEST_ID_REUSED"]);
    }
  });

  it("R-HOLD-9: ending again under another id answers as the first did", async () => {
    const id = await reserved(one, { organizationId }, 10n);
    const first = await ask(settleOf(id, 4n));
    const again = await accepted(two, { organizationId }, settleOf(id, 4n));
    expect(again).to.deep.include({ replayed: true, transactions: first.transactions });
    expect(await refused(two, { organizationId }, settleOf(id, 5n))).to.include({
      reason: "RESERVATION_SETTLED",
    });
  });

  it("R-GRANT-4: a reference grants once, on two servers at once too", async () => {
    const command = grantOf(77n, { reference: "payment:1" });
    const answers = await Promise.all(
      [one, two, one, two].map((ledger) => accepted(ledger, { organizationId }, command)),
    );
    expect(new Set(answers.map(grantIdOf)).size).to.equal(1);
    const count = await rig.rows(sql<{ n: string }>`
      select count(*) as n from grants where organization_id = ${organizationId} and reference = 'payment:1'`);
    expect(count[0]?.n).to.equal("1");
    expect(await refused(two, { organizationId }, grantOf(78n, { reference: "payment:1" }))).to.include({
      reason: "REFERENCE_REUSED",
    });
  });
});

const FAR = 253_402_300_799_999_999n;

function extendOf(reservationId: string, additionalAmountMicros: bigint): Command {
  return { kind: "extendReservation", reservationId, timeToLive: undefined, additionalAmountMicros };
}
