import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { sql } from "kysely";
import { SECOND, type Time } from "../../src/domain/time.ts";
import type { CreditLedger } from "../../src/service/credit-ledger.ts";
import { LedgerReader } from "../../src/storage/ledger-reader.ts";
import {
  ANY_TRANSACTION,
  accepted,
  chargeOf,
  grantOf,
  itemOf,
  refused,
  reserved,
  reserveOf,
  settleOf,
  valueIn,
} from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

describe("R-BAL-5: what falls due", () => {
  let rig: LedgerRig;
  let ledger: CreditLedger;

  before(async () => {
    rig = await LedgerRig.open();
    ledger = rig.serve();
  });

  after(async () => {
    expect(rig.errors).to.deep.equal([]);
    await rig.expectSound();
    await rig.close();
  });

  async function databaseTime(): Promise<Time> {
    const [row] = await rig.rows(sql<{ t: string }>`
      select (extract(epoch from clock_timestamp()) * 1000000)::bigint as t`);
    return BigInt(row?.t ?? 0);
  }

  async function untilPast(time: Time): Promise<void> {
    await until(async () => (await databaseTime()) > time);
  }

  /** A grant that is due, which nobody has noticed yet. */
  async function expiring(organizationId: string): Promise<Time> {
    const expireTime = (await databaseTime()) + SECOND;
    await accepted(ledger, { organizationId }, grantOf(100n, { expireTime }));
    await untilPast(expireTime);
    return expireTime;
  }

  async function kinds(organizationId: string): Promise<string[]> {
    const rows = await rig.rows(sql<{ kind: string }>`
      select kind from transactions where organization_id = ${organizationId} order by version`);
    return rows.map(({ kind }) => kind);
  }

  it("R-BAL-4: is in a list that is asked for afterwards, whatever it began to look up before", async () => {
    const organizationId = "listed";
    const expireTime = await expiring(organizationId);
    const until = { ...ANY_TRANSACTION, startTime: 0n, endTime: expireTime + 1n };
    const { items } = valueIn(await ledger.listTransactions(organizationId, until, { size: 0, token: "" }));
    expect(items.map(({ kind }) => kind)).to.deep.equal(["GRANT_EXPIRY", "GRANT"]);
  });

  for (const [what, timesOf, expected] of [
    ["end with it", (time: Time) => ({ endTime: time + 1n }), ["GRANT_EXPIRY", "GRANT"]],
    ["begin after it", (time: Time) => ({ startTime: time + 1n }), []],
    ["begin after it, by a kind", (time: Time) => ({ startTime: time + 1n, kinds: ["GRANT_EXPIRY"] }), []],
  ] as const) {
    it(`R-BAL-4: is counted to its time in lists that ${what}, though it is recorded while they look`, async () => {
      const organizationId = `between ${what}`;
      const expireTime = await expiring(organizationId);
      const recorded = async (): Promise<bigint> => {
        await setTimeout(100);
        return valueIn(await ledger.getBalance(organizationId, undefined)).version;
      };
      const page = await new LedgerReader(rig.orm).listTransactions(organizationId, {
        ...ANY_TRANSACTION,
        ...timesOf(expireTime),
        beforeVersion: undefined,
        lastVersion: recorded(),
        limit: 50,
      });
      expect(page.transactions.map(({ kind }) => kind)).to.deep.equal(expected);
    });
  }

  it("is recorded by a read, at its due time, holds before grants, with the time of recording beside it", async () => {
    const organizationId = "read";
    const expireTime = (await databaseTime()) + SECOND;
    await accepted(ledger, { organizationId }, grantOf(100n, { expireTime }));
    const hold = await accepted(ledger, { organizationId }, reserveOf(30n, { timeToLive: SECOND }));
    const holdTime = hold.reservations[0]?.expireTime ?? 0n;
    expect(holdTime > expireTime).to.equal(true);
    await untilPast(holdTime);
    expect(await kinds(organizationId), "nobody has looked yet").to.deep.equal(["GRANT", "RESERVE"]);
    const { version, balance, updateTime } = valueIn(await ledger.getBalance(organizationId, undefined));
    expect(version).to.equal(4n);
    expect(balance).to.deep.include({ promotionalMicros: 0n, reservedMicros: 0n });
    expect(updateTime).to.equal(holdTime);
    const grantExpiry = valueIn(await ledger.getTransaction(organizationId, 3n));
    const holdExpiry = valueIn(await ledger.getTransaction(organizationId, 4n));
    expect(grantExpiry).to.deep.include({
      kind: "GRANT_EXPIRY",
      effectiveTime: expireTime,
      amountMicros: 70n,
    });
    expect(holdExpiry).to.deep.include({ kind: "HOLD_EXPIRY", effectiveTime: holdTime, actor: "system" });
    for (const { recordTime, requestId } of [grantExpiry, holdExpiry]) {
      expect(recordTime > holdTime).to.equal(true);
      expect(requestId).to.equal(undefined);
    }
    const halfway = valueIn(await ledger.getBalance(organizationId, expireTime));
    expect(halfway.balance.promotionalMicros, "the held part still counted").to.equal(30n);
  });

  it("is recorded by a write before the write is decided", async () => {
    const organizationId = "write";
    await accepted(ledger, { organizationId }, grantOf(100n));
    const id = await reserved(ledger, { organizationId }, 100n, { timeToLive: SECOND });
    expect(await refused(ledger, { organizationId }, chargeOf(1n))).to.include({
      reason: "INSUFFICIENT_CREDITS",
    });
    await untilPast(valueIn(await ledger.getReservation(organizationId, id)).expireTime);
    await accepted(ledger, { organizationId }, chargeOf(100n));
    expect(await kinds(organizationId)).to.deep.equal(["GRANT", "RESERVE", "HOLD_EXPIRY", "CHARGE"]);
    const late = await accepted(ledger, { organizationId }, settleOf(id, 5n));
    expect(late.reservations[0]).to.deep.include({ late: true, settledMicros: 5n, debtMicros: 5n });
  });

  it("is found again after an extension moved it, and not too early", async () => {
    const organizationId = "moved";
    await accepted(ledger, { organizationId }, grantOf(100n));
    const id = await reserved(ledger, { organizationId }, 10n, { timeToLive: SECOND });
    const first = valueIn(await ledger.getReservation(organizationId, id)).expireTime;
    const command = {
      kind: "extendReservation",
      reservationId: id,
      additionalAmountMicros: undefined,
    } as const;
    const extended = await accepted(ledger, { organizationId }, { ...command, timeToLive: 2n * SECOND });
    await untilPast(first);
    expect(valueIn(await ledger.getBalance(organizationId, undefined)).balance.reservedMicros).to.equal(10n);
    await untilPast(extended.reservations[0]?.expireTime ?? 0n);
    expect(valueIn(await ledger.getBalance(organizationId, undefined)).balance.reservedMicros).to.equal(0n);
  });

  it("is all recorded before an answer, however much it is, in bounded pieces and in order", async () => {
    const organizationId = "many";
    await accepted(ledger, { organizationId }, grantOf(10_000n));
    let last = 0n;
    for (let piece = 0; piece < 4; piece += 1) {
      const items = Array.from({ length: 300 }, () => itemOf(1n, { timeToLive: SECOND }));
      const { reservations } = await accepted(
        ledger,
        { organizationId },
        { kind: "batchReserveCredits", items },
      );
      last = reservations[0]?.expireTime ?? 0n;
    }
    await untilPast(last);
    const [balance, charge] = await Promise.all([
      ledger.getBalance(organizationId, undefined),
      accepted(ledger, { organizationId }, chargeOf(1n)),
      ...Array.from({ length: 20 }, () => accepted(ledger, { organizationId: "other" }, grantOf(1n))),
    ]);
    expect(valueIn(balance).balance.reservedMicros).to.equal(0n);
    expect(charge.account).to.deep.include({ version: 1n + 1_200n + 1_200n + 1n });
    const [row] = await rig.rows(sql<{ pieces: string; sorted: boolean }>`
      with expiry as (
        select record_time, effective_time >= lag(effective_time, 1, '-infinity') over (order by version) as sorted
        from transactions where organization_id = 'many' and kind = 'HOLD_EXPIRY')
      select count(distinct record_time) as pieces, bool_and(sorted) as sorted from expiry`);
    expect(row).to.deep.equal({ pieces: "2", sorted: true });
  });

  it("is shared out where many organizations are due at once", async () => {
    const organizations = Array.from({ length: 40 }, (_, index) => `due-${index}`);
    const times = await Promise.all(
      organizations.map(async (organizationId) => {
        await accepted(ledger, { organizationId }, grantOf(100n));
        const items = Array.from({ length: 3 }, () => itemOf(1n, { timeToLive: SECOND }));
        for (let round = 0; round < 4; round += 1)
          await accepted(ledger, { organizationId }, { kind: "batchReserveCredits", items });
        return valueIn(await ledger.getBalance(organizationId, undefined)).updateTime;
      }),
    );
    await untilPast((times.sort().at(-1) ?? 0n) + SECOND);
    const charges = await Promise.all(
      organizations.map((organizationId) => accepted(ledger, { organizationId }, chargeOf(100n))),
    );
    for (const { account } of charges) expect(account.version).to.equal(1n + 12n + 12n + 1n);
  });

  it("is found at the organization's own time, where the database's clock has fallen behind it", async () => {
    const organizationId = "ahead";
    await accepted(ledger, { organizationId }, grantOf(100n));
    const ahead = (await databaseTime()) + 3_600n * SECOND;
    // As if the database had been moved to a machine whose clock is an hour behind.
    await rig.rows(sql`
      update accounts set update_time = to_timestamp(${String(ahead / SECOND)}::bigint)
      where organization_id = ${organizationId}`);
    const id = await reserved(ledger, { organizationId }, 10n, { timeToLive: SECOND });
    const { expireTime } = valueIn(await ledger.getReservation(organizationId, id));
    expect(expireTime).to.equal((ahead / SECOND) * SECOND + SECOND);
    await rig.rows(sql`
      update accounts set update_time = to_timestamp(${String(expireTime / SECOND)}::bigint)
      where organization_id = ${organizationId}`);
    expect(valueIn(await ledger.getReservation(organizationId, id)).state).to.equal("EXPIRED");
  });

  it("is ended by the sweeper where nobody touches the organization", async () => {
    const sweeping = rig.serve({ sweep: { intervalMs: 10, organizationsMax: 3 } });
    const organizations = Array.from({ length: 10 }, (_, index) => `asleep-${index}`);
    const expireTime = (await databaseTime()) + SECOND + SECOND / 2n;
    for (const organizationId of organizations) {
      await accepted(sweeping, { organizationId }, grantOf(100n, { expireTime }));
      await accepted(sweeping, { organizationId }, reserveOf(1n, { timeToLive: SECOND }));
    }
    const ended = ["GRANT", "RESERVE", "HOLD_EXPIRY", "GRANT_EXPIRY"].sort().join();
    await until(async () => {
      const all = await Promise.all(organizations.map(kinds));
      return all.every((each) => each.sort().join() === ended);
    });
    await rig.stop(sweeping);
  });

  it("is ended by the sweeper though another organization can't be", async () => {
    const sweeping = rig.serve({ sweep: { intervalMs: 10, organizationsMax: 3 } });
    const damaged = "a-damaged";
    await accepted(sweeping, { organizationId: damaged }, grantOf(100n));
    await accepted(sweeping, { organizationId: damaged }, reserveOf(7n, { timeToLive: SECOND }));
    await rig.rows(
      sql`update grants set held_micros = 6, free_micros = 94 where organization_id = ${damaged}`,
    );
    await accepted(sweeping, { organizationId: "b-sane" }, grantOf(100n));
    await accepted(sweeping, { organizationId: "b-sane" }, reserveOf(7n, { timeToLive: SECOND }));
    await until(async () => (await kinds("b-sane")).includes("HOLD_EXPIRY"));
    await until(() => rig.errors.length > 0);
    await rig.rows(
      sql`update grants set held_micros = 7, free_micros = 93 where organization_id = ${damaged}`,
    );
    await until(async () => (await kinds(damaged)).includes("HOLD_EXPIRY"));
    await rig.stop(sweeping);
    rig.errors.length = 0;
  });
});
