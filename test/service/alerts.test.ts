import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { sql } from "kysely";
import type { Threshold } from "../../src/domain/alerts/threshold.ts";
import type { Command } from "../../src/domain/ledger/command.ts";
import type { RunningLedger } from "../../src/service/create-credit-ledger.ts";
import { deleteOldAlerts } from "../../src/storage/alert-sequencer.ts";
import { accepted, answerTo, chargeOf, grantOf, refused, reserveOf, valueIn } from "./support/asking.ts";
import { LedgerRig } from "./support/ledger-rig.ts";
import { until } from "./support/until.ts";

const KEPT_MS = 30 * 24 * 3_600_000;

describe("R-WATCH-2: alerts on the real database", () => {
  let rig: LedgerRig;
  let one: RunningLedger;
  let two: RunningLedger;

  before(async () => {
    rig = await LedgerRig.open();
    one = rig.serveAll();
    two = rig.serveAll({ sweep: { intervalMs: 50 } });
  });

  after(async () => {
    await rig.expectSound();
    await rig.close();
  });

  function thresholds(...all: readonly Threshold[]): Command {
    return { kind: "setAlertThresholds", thresholds: all };
  }

  function at(name: string, amountMicros: bigint): Threshold {
    return { name, level: { amountMicros }, rearmMargin: { amountMicros: 0n } };
  }

  function half(name: string): Threshold {
    return { name, level: { basisPoints: 5_000n }, rearmMargin: { amountMicros: 0n } };
  }

  async function opened(organizationId: string, ...set: readonly Threshold[]): Promise<void> {
    await accepted(one.ledger, { organizationId }, grantOf(100n));
    await accepted(one.ledger, { organizationId }, thresholds(...set));
  }

  /** `1 LOW low #3`, oldest first. */
  async function alertsOf(organizationId: string): Promise<readonly string[]> {
    const page = valueIn(await one.alerts.listAlerts(organizationId, { size: 0, token: "" }));
    const lines = page.items.map((a) => `${a.alertNumber} ${a.kind} ${a.threshold.name} #${a.version}`);
    return lines.toReversed();
  }

  it("stores an alert with the change that crossed, whichever server made it, and once", async () => {
    const organizationId = "crossing";
    await opened(organizationId, at("low", 50n), at("depleted", 1n));
    await accepted(two.ledger, { organizationId }, chargeOf(51n));
    await accepted(one.ledger, { organizationId }, chargeOf(9n));
    expect(await alertsOf(organizationId)).to.deep.equal(["1 LOW low #3"]);
    await accepted(two.ledger, { organizationId }, grantOf(10n));
    await accepted(one.ledger, { organizationId }, chargeOf(50n));
    const more = ["2 RECOVERED low #5", "3 LOW low #6", "4 LOW depleted #6"];
    expect(await alertsOf(organizationId)).to.deep.equal(["1 LOW low #3", ...more]);
  });

  it("alerts once where many callers cross together, in one batch and on two servers", async () => {
    const organizationId = "together";
    await opened(organizationId, at("low", 50n));
    const charges = Array.from({ length: 90 }, (_, index) =>
      accepted((index % 2 ? one : two).ledger, { organizationId }, chargeOf(1n)),
    );
    await Promise.all(charges);
    expect(await alertsOf(organizationId)).to.deep.equal(["1 LOW low #53"]);
  });

  it("does not alert where the change is refused, or done again", async () => {
    const organizationId = "again";
    await opened(organizationId, at("low", 50n));
    expect(await refused(one.ledger, { organizationId }, chargeOf(101n))).to.have.property(
      "reason",
      "INSUFFICIENT_CREDITS",
    );
    const asking = { organizationId, requestId: randomUUID() };
    await accepted(one.ledger, asking, chargeOf(60n));
    expect(await accepted(two.ledger, asking, chargeOf(60n))).to.have.property("replayed", true);
    expect(await alertsOf(organizationId)).to.have.length(1);
  });

  it("alerts when credits expire, although nobody asks for anything", async () => {
    const organizationId = "expiring";
    const [row] = await rig.rows(sql<{ micros: string }>`
      select (extract(epoch from clock_timestamp()) * 1000000)::bigint as micros`);
    const expireTime = BigInt(row?.micros ?? 0) + 300_000n;
    await accepted(one.ledger, { organizationId }, grantOf(100n, { expireTime }));
    await accepted(one.ledger, { organizationId }, thresholds(at("low", 50n)));
    await until(
      async () => (await rig.rows(sql`select from alerts where organization_id = 'expiring'`)).length > 0,
    );
    expect(await alertsOf(organizationId)).to.deep.equal(["1 LOW low #3"]);
  });

  it("knows the cycle's grant also where it was spent before a share was set", async () => {
    const organizationId = "share";
    const expireTime = BigInt(Date.now() + 3_600_000) * 1_000n;
    await accepted(one.ledger, { organizationId }, grantOf(100n, { grantKind: "SUBSCRIPTION", expireTime }));
    await accepted(one.ledger, { organizationId }, chargeOf(100n));
    await accepted(one.ledger, { organizationId }, grantOf(60n, { grantKind: "PURCHASED" }));
    await accepted(one.ledger, { organizationId }, thresholds(half("half")));
    const [reading] = valueIn(await two.alerts.getThresholds(organizationId));
    expect(reading).to.deep.include({ name: "half", crossed: false, levelMicros: 50n });
    await accepted(two.ledger, { organizationId }, grantOf(20n, { grantKind: "SUBSCRIPTION", expireTime }));
    await accepted(two.ledger, { organizationId }, chargeOf(21n));
    expect(await alertsOf(organizationId)).to.deep.equal(["1 LOW half #6"]);
    const [after] = valueIn(await one.alerts.getThresholds(organizationId));
    expect(after).to.deep.include({ crossed: true, levelMicros: 60n });
  });

  it("R-REQ-1: setting thresholds again under one id changes nothing; other thresholds are refused", async () => {
    const asking = { organizationId: "request", requestId: randomUUID() };
    await accepted(one.ledger, { organizationId: "request" }, grantOf(10n));
    await accepted(one.ledger, asking, thresholds(at("low", 20n)));
    const again = await accepted(two.ledger, asking, thresholds(at("low", 20n)));
    expect(again).to.have.property("replayed", true);
    const other = await answerTo(two.ledger, asking, thresholds(at("low", 21n)));
    expect(other).to.have.nested.property("refusal.reason", "REQUEST_ID_REUSED");
    expect(await alertsOf("request")).to.deep.equal(["1 LOW low #2"]);
    await accepted(one.ledger, { organizationId: "request" }, thresholds());
    expect(valueIn(await one.alerts.getThresholds("request"))).to.deep.equal([]);
    await accepted(one.ledger, { organizationId: "request" }, thresholds(at("low", 20n)));
    expect(await alertsOf("request")).to.deep.equal(["1 LOW low #2", "2 LOW low #4"]);
  });

  it("R-WATCH-3: alerts of all organizations get places without gaps, each organization's in order", async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `sequence-${index}`);
    await Promise.all(ids.map((id) => opened(id, at("low", 50n))));
    const flapping = ids.flatMap((organizationId, index) => {
      const { ledger } = index % 2 ? one : two;
      return Array.from({ length: 5 }, async () => {
        await accepted(ledger, { organizationId }, chargeOf(60n));
        await accepted(ledger, { organizationId }, grantOf(60n));
      });
    });
    await Promise.all(flapping.map((flaps) => flaps.catch(() => undefined)));
    const unplaced = sql`select from alerts where sequence is null`;
    await until(async () => (await rig.rows(unplaced)).length === 0);
    const placed = await one.source.sequencedAlertsAfter(0n, 1_000);
    expect(placed.map(({ sequence }) => sequence)).to.deep.equal(placed.map((_, index) => BigInt(index + 1)));
    for (const id of ids) {
      const numbers = placed.flatMap(({ alert }) => (alert.organizationId === id ? alert.alertNumber : []));
      expect(numbers, id).to.deep.equal(numbers.map((_, index) => BigInt(index + 1)));
      expect(numbers, id).not.to.be.empty;
    }
  });

  it("R-WATCH-3: another server places what one that died has left", async () => {
    await opened("orphan");
    await rig.run(`insert into alerts (organization_id, alert_number, kind, threshold, level_micros,
      remaining_micros, version, effective_time, record_time)
      values ('orphan', 1, 'LOW', '[["low","1","0"]]', 1, 0, 1, now(), now())`);
    await rig.run("update accounts set alert_number = 1 where organization_id = 'orphan'");
    const placed = sql`select from alerts where organization_id = 'orphan' and sequence is not null`;
    await until(async () => (await rig.rows(placed)).length === 1);
  });

  it("R-WATCH-3: alerts are deleted when they are old, the first ones first, so many at a time", async () => {
    await rig.run(
      "update alerts set record_time = now() - interval '31 days' where sequence <= 3 or sequence = 5",
    );
    expect(await deleteOldAlerts(rig.orm, KEPT_MS, 2)).to.equal(2);
    expect(await deleteOldAlerts(rig.orm, KEPT_MS, 1_000)).to.equal(1);
    expect(await deleteOldAlerts(rig.orm, KEPT_MS, 1_000)).to.equal(0);
    expect(await one.source.oldestSequence()).to.equal(4n);
  });

  it("marks the organizations that have thresholds, so that no others are asked for theirs", async () => {
    await opened("quiet", at("low", 50n));
    const both = ["quiet", "none"];
    await accepted(one.ledger, { organizationId: "none" }, grantOf(100n));
    await Promise.all(both.map((organizationId) => accepted(one.ledger, { organizationId }, reserveOf(10n))));
    const rows = await rig.rows(sql<{ organization_id: string; alerting: boolean }>`
      select organization_id, alerting from accounts where organization_id = any(${both}) order by 1`);
    expect(rows.map(({ alerting }) => alerting)).to.deep.equal([false, true]);
  });
});
