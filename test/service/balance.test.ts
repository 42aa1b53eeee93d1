import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import { totalMicros } from "../../src/domain/ledger/account.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import {
  accepted,
  answerTo,
  chargeOf,
  grantOf,
  refused,
  releaseOf,
  reservationIdOf,
  reserveOf,
  settleOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";

describe("R-BAL: balances and versions", () => {
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

  it("R-BAL-3: versions are gap-free under 64 callers on two servers, in the order of commits", async () => {
    const organizationId = "hot";
    await accepted(one, { organizationId }, grantOf(1_000_000n));
    const callers = Array.from({ length: 64 }, async (_, caller) => {
      const ledger = caller % 2 === 0 ? one : two;
      const seen: bigint[] = [];
      for (let round = 0; round < 4; round += 1) {
        const held = await accepted(ledger, { organizationId }, reserveOf(10n));
        const id = reservationIdOf(held);
        const ended = await accepted(
          ledger,
          { organizationId },
          round % 2 ? releaseOf(id) : settleOf(id, 7n),
        );
        seen.push(...[held, ended].flatMap(({ transactions }) => transactions.map(({ version }) => version)));
      }
      expect(seen, "each caller sees its own changes in order").to.deep.equal(seen.toSorted(ascending));
      return seen;
    });
    const versions = (await Promise.all(callers)).flat().sort(ascending);
    expect(versions).to.deep.equal(Array.from({ length: 512 }, (_, index) => BigInt(index + 2)));
    const rows = await rig.rows(sql<{ version: string; later: boolean | null }>`
      select version, effective_time >= lag(effective_time) over (order by version) as later
      from transactions where organization_id = 'hot' order by version`);
    expect(rows.map(({ version }) => BigInt(version))).to.deep.equal([1n, ...versions]);
    expect(rows.slice(1).every(({ later }) => later)).to.equal(true);
    const { balance } = valueIn(await one.getBalance(organizationId, undefined));
    expect(balance).to.deep.include({ promotionalMicros: 1_000_000n - 128n * 7n, reservedMicros: 0n });
  });

  it("R-BAL-4: the balance at a time is that of the last change until then, at the microsecond", async () => {
    const organizationId = "past";
    const changes = [
      await accepted(one, { organizationId }, grantOf(100n)),
      await accepted(one, { organizationId }, reserveOf(30n)),
      await accepted(one, { organizationId }, chargeOf(20n)),
      await accepted(one, { organizationId }, grantOf(7n, { grantKind: "PURCHASED" })),
    ].flatMap(({ transactions }) => transactions);
    for (const [index, change] of changes.entries()) {
      const at = valueIn(await two.getBalance(organizationId, change.effectiveTime));
      expect(at).to.deep.include({ version: change.version, balance: change.balance });
      expect(at.updateTime).to.equal(change.effectiveTime);
      const before = await two.getBalance(organizationId, change.effectiveTime - 1n);
      const earlier = changes[index - 1];
      if (earlier)
        expect(valueIn(before)).to.deep.include({ version: earlier.version, balance: earlier.balance });
      else expect(before).to.deep.equal({ refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } });
    }
    const latest = valueIn(await two.getBalance(organizationId, (changes.at(-1)?.effectiveTime ?? 0n) + 1n));
    expect(latest.version).to.equal(4n);
  });

  it("R-BAL-4: of several changes at one moment, the balance at that moment is after the last of them", async () => {
    const organizationId = "moment";
    await accepted(one, { organizationId }, grantOf(100n));
    const receipts = await Promise.all(
      Array.from({ length: 30 }, () => accepted(one, { organizationId }, chargeOf(1n))),
    );
    const transactions = receipts.flatMap((receipt) => receipt.transactions);
    for (const { effectiveTime } of transactions) {
      const together = transactions.filter((each) => each.effectiveTime === effectiveTime);
      const last = together
        .map(({ version }) => version)
        .sort(ascending)
        .at(-1);
      expect(valueIn(await two.getBalance(organizationId, effectiveTime)).version).to.equal(last);
    }
  });

  it("R-BAL-4: a time in the future is refused, also by a microsecond of a long time", async () => {
    const organizationId = "future";
    await accepted(one, { organizationId }, grantOf(100n));
    for (const readTime of [BigInt(Date.now() + 60_000) * 1_000n, 253_402_300_799_999_999n]) {
      const answer = await one.getBalance(organizationId, readTime);
      expect(answer).to.have.nested.property("refusal.reason", "READ_TIME_IN_FUTURE");
    }
  });

  it("R-BAL-4: a time long before the organization, however early, finds nothing", async () => {
    const organizationId = "early";
    await accepted(one, { organizationId }, grantOf(100n));
    for (const readTime of [0n, -62_135_596_800_000_000n]) {
      const answer = await one.getBalance(organizationId, readTime);
      expect(answer).to.have.nested.property("refusal.reason", "ORGANIZATION_NOT_FOUND");
    }
  });

  it("R-BAL-6: first grants that race on two servers all count, in one organization", async () => {
    for (let round = 0; round < 5; round += 1) {
      const organizations = Array.from({ length: 8 }, () => `new-${randomUUID()}`);
      await Promise.all(
        [one, two, one, two].flatMap((ledger, index) =>
          // Each server names them in another order.
          (index % 2 ? organizations.toReversed() : organizations).map((organizationId) =>
            accepted(ledger, { organizationId }, grantOf(10n)),
          ),
        ),
      );
      for (const organizationId of organizations) {
        const { version, balance } = valueIn(await two.getBalance(organizationId, undefined));
        expect([version, totalMicros(balance)]).to.deep.equal([4n, 40n]);
      }
    }
  });

  it("R-BAL-6: before its first grant an organization answers nothing, and nothing is left of it", async () => {
    const organizationId = "unopened";
    const id = randomUUID();
    const missing = { reason: "ORGANIZATION_NOT_FOUND", organizationId };
    const page = { size: 0, token: "" };
    expect(await refused(one, { organizationId }, reserveOf(0n))).to.deep.equal(missing);
    expect(await refused(one, { organizationId }, settleOf(id, 0n))).to.deep.equal(missing);
    const reservations = { states: [], runId: undefined, agentId: undefined };
    const answers = await Promise.all([
      one.getBalance(organizationId, undefined),
      one.getReservation(organizationId, id),
      one.getGrant(organizationId, id),
      one.getTransaction(organizationId, 1n),
      one.listReservations(organizationId, reservations, page),
      one.listGrants(organizationId, { kinds: [], states: [] }, page),
    ]);
    for (const answer of answers) expect(answer).to.deep.equal({ refusal: missing });
    expect(await accountRows(organizationId)).to.equal(0);
  });

  it("R-BAL-6: a refused first grant leaves no account, alone or beside an accepted one", async () => {
    const passed = grantOf(1n, { expireTime: 1n });
    expect(await refused(one, { organizationId: "refused" }, passed)).to.include({
      reason: "EXPIRE_TIME_PASSED",
    });
    expect(await accountRows("refused")).to.equal(0);
    const answers = await Promise.all([
      answerTo(one, { organizationId: "late" }, passed),
      answerTo(one, { organizationId: "late" }, reserveOf(1n)),
      answerTo(one, { organizationId: "late" }, grantOf(1n)),
      answerTo(one, { organizationId: "late" }, reserveOf(1n)),
    ]);
    expect(answers.map((answer) => ("refusal" in answer ? answer.refusal.reason : "accepted"))).to.deep.equal(
      ["EXPIRE_TIME_PASSED", "ORGANIZATION_NOT_FOUND", "accepted", "accepted"],
    );
  });

  it("keeps amounts exact at the ends of their range", async () => {
    const organizationId = "rich";
    const most = 10n ** 15n;
    const grants = Array.from({ length: 1_000 }, () => grantOf(most, { grantKind: "PURCHASED" }));
    await Promise.all(grants.map((grant) => accepted(one, { organizationId }, grant)));
    expect(await refused(one, { organizationId }, grantOf(1n))).to.include({
      reason: "BALANCE_LIMIT_EXCEEDED",
    });
    const charge = await accepted(one, { organizationId }, chargeOf(most - 1n));
    expect(charge.account.balance.purchasedMicros).to.equal(999_000_000_000_000_001n);
    expect(valueIn(await two.getBalance(organizationId, undefined)).balance).to.deep.equal(
      charge.account.balance,
    );
  });

  async function accountRows(organizationId: string): Promise<number> {
    const rows = await rig.rows(sql`select from accounts where organization_id = ${organizationId}`);
    return rows.length;
  }
});

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : 1;
}
