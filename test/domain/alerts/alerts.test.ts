import { expect } from "chai";
import { thresholdsFromText, thresholdsText } from "../../../src/domain/alerts/threshold.ts";
import { InvariantError } from "../../../src/domain/invariant.ts";
import { canonicalCommand } from "../../../src/domain/ledger/canonical.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { AlertedBook, at, share } from "../support/alerted-book.ts";
import { START } from "../support/book.ts";

describe("alerts", () => {
  let book: AlertedBook;

  beforeEach(() => {
    book = new AlertedBook();
    book.grant("PROMOTIONAL", 100, "p");
  });

  it("R-WATCH-2: a fall below a threshold makes one alert, at the level none", () => {
    expect(book.alertsOf(() => book.setThresholds(at("low", 20)))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("a", 80))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("b", 1n))).to.deep.equal(["LOW low #4"]);
    expect(book.alertsOf(() => book.charge("c", 5))).to.deep.equal([]);
  });

  it("R-WATCH-2: a hold is not spending, its settle is", () => {
    book.alertsOf(() => book.setThresholds(at("low", 20)));
    expect(book.alertsOf(() => book.reserve("a", 95))).to.deep.equal([]);
    expect(book.alertsOf(() => book.settle("a", 90))).to.deep.equal(["LOW low #4"]);
  });

  it("R-WATCH-2: flapping around a threshold alerts at each fall, but within the margin once", () => {
    book.alertsOf(() => book.setThresholds(at("bare", 20), at("wide", 21, 30)));
    expect(book.alertsOf(() => book.charge("a", 85))).to.deep.equal(["LOW wide #3", "LOW bare #3"]);
    const up = (reference: string) => book.alertsOf(() => book.grant("PROMOTIONAL", 10, reference));
    const down = (node: string) => book.alertsOf(() => book.charge(node, 10));
    expect(up("one")).to.deep.equal(["RECOVERED bare #4"]);
    expect(down("b")).to.deep.equal(["LOW bare #5"]);
    expect(up("two")).to.deep.equal(["RECOVERED bare #6"]);
    expect(book.alertsOf(() => book.grant("PROMOTIONAL", 26, "three"))).to.deep.equal(["RECOVERED wide #7"]);
  });

  it("R-WATCH-2: one change that crosses several alerts for each, as the credits passed them", () => {
    const thresholds = [at("depleted", 1n), at("low", 50), at("critical", 10)];
    book.alertsOf(() => book.setThresholds(...thresholds));
    const fall = book.alertsOf(() => book.charge("a", 100));
    expect(fall).to.deep.equal(["LOW low #3", "LOW critical #3", "LOW depleted #3"]);
    const rise = book.alertsOf(() => book.grant("PURCHASED", 60, "top-up"));
    expect(rise).to.deep.equal(["RECOVERED depleted #4", "RECOVERED critical #4", "RECOVERED low #4"]);
  });

  it("R-WATCH-2: every writer counts: charge into debt, void, expiry", () => {
    const down = at("down", 0);
    book.alertsOf(() => book.setThresholds(at("low", 20), down));
    book.grant("PROMOTIONAL", 30, "soon", START + MINUTE);
    expect(book.alertsOf(() => book.void("p"))).to.deep.equal([]);
    expect(book.alertsOf(() => book.at(START + MINUTE))).to.deep.equal(["LOW low #5"]);
    expect(book.alertsOf(() => book.charge("a", 1, true))).to.deep.equal(["LOW down #6"]);
  });

  it("R-WATCH-2: a new threshold that is already crossed alerts once; an unchanged one does not again", () => {
    book.charge("a", 90);
    const set = () => book.setThresholds(at("low", 20));
    expect(book.alertsOf(set)).to.deep.equal(["LOW low #3"]);
    expect(book.alertsOf(set)).to.deep.equal([]);
    expect(book.alertsOf(() => book.setThresholds(at("low", 30)))).to.deep.equal(["LOW low #5"]);
    expect(book.alertsOf(() => book.setThresholds())).to.deep.equal([]);
    expect(book.alertsOf(() => book.grant("PURCHASED", 60, "top-up"))).to.deep.equal([]);
  });

  it("R-WATCH-2: a share follows the cycle's grant, upgrades included, and outlives the cycle", () => {
    expect(book.alertsOf(() => book.setThresholds(share("half", 50)))).to.deep.equal([]);
    book.alertsOf(() => book.void("p"));
    const end = START + 10n * MINUTE;
    expect(book.alertsOf(() => book.grant("SUBSCRIPTION", 40, "cycle:1", end))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("a", 15))).to.deep.equal([]);
    expect(book.alertsOf(() => book.grant("SUBSCRIPTION", 20, "change:1", end))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("b", 15, true))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("c", 1n))).to.deep.equal(["LOW half #8"]);
    expect(book.alertsOf(() => book.at(end))).to.deep.equal([]);
    const next = () => book.grant("SUBSCRIPTION", 10, "cycle:2", end + MINUTE);
    expect(book.alertsOf(next)).to.deep.equal(["RECOVERED half #11"]);
    expect(book.alertsOf(() => book.at(end + MINUTE))).to.deep.equal(["LOW half #12"]);
  });

  it("R-PLAN-3: what ends and begins in one go is judged once, after the last of it", () => {
    const end = START + MINUTE;
    book.void("p");
    book.grant("SUBSCRIPTION", 50, "cycle:1", end);
    book.alertsOf(() => book.setThresholds(share("low", 20)));
    const reset = book.alertsOf(() => {
      book.at(end);
      book.grant("SUBSCRIPTION", 50, "cycle:2", end + MINUTE);
    });
    expect(reset).to.deep.equal([]);
  });

  it("R-PLAN-3: a share follows plans; after a long sleep, all resets are judged once, after the last", () => {
    book.void("p");
    book.alertsOf(() => book.setThresholds(share("low", 20)));
    expect(book.alertsOf(() => book.subscribe("solo"))).to.deep.equal([]);
    expect(book.alertsOf(() => book.charge("a", 81))).to.deep.equal(["LOW low #5"]);
    // One reset after the other would recover at the first.
    expect(book.alertsOf(() => book.on("2027-02-15"))).to.deep.equal(["RECOVERED low #8"]);
    expect(book.alertsOf(() => book.charge("b", 80))).to.deep.equal([]);
    // An upgrade gives credits, and raises the share with them.
    expect(book.alertsOf(() => book.charge("c", 1n))).to.deep.equal(["LOW low #10"]);
    expect(book.alertsOf(() => book.change("crew"))).to.deep.equal(["RECOVERED low #11"]);
  });

  it("R-PLAN-8: a suspension that takes the cycle's credits back alerts, and so does a cycle that is skipped", () => {
    book.void("p");
    book.alertsOf(() => book.setThresholds(share("low", 20)));
    book.alertsOf(() => book.subscribe("solo"));
    expect(book.alertsOf(() => book.suspend(true))).to.deep.equal(["LOW low #5"]);
    expect(book.alertsOf(() => book.resume())).to.deep.equal(["RECOVERED low #6"]);
    expect(book.alertsOf(() => book.suspend())).to.deep.equal([]);
    expect(book.alertsOf(() => book.on("2026-12-01"))).to.deep.equal(["LOW low #8"]);
  });

  it("R-HIST-2: thresholds are a transaction without movements that tells them", () => {
    const thresholds = [at("low", 20, 1), share("critical", 5, 2)];
    book.setThresholds(...thresholds);
    expect(book.last).to.include({ kind: "ALERT_THRESHOLDS", amountMicros: 0n, version: 2n });
    expect(book.last.movements).to.deep.equal([]);
    expect(thresholdsFromText(book.last.reference ?? "")).to.deep.equal(thresholds);
    expect(thresholdsText(thresholds)).to.equal(
      '[["low","20000000","1000000"],["critical","500bp","200bp"]]',
    );
  });

  it("R-BAL-6: nothing can be set before the organization is open", () => {
    const empty = new AlertedBook();
    expect(empty.refusalOf(() => empty.setThresholds(at("low", 1))).reason).to.equal(
      "ORGANIZATION_NOT_FOUND",
    );
  });

  it("R-REQ-2: other thresholds are another request", () => {
    const bases = [[], [at("low", 1)], [at("low", 2)], [at("high", 1)], [at("low", 1, 1)], [share("low", 1)]];
    const texts = bases.map((thresholds) => canonicalCommand({ kind: "setAlertThresholds", thresholds }));
    expect(new Set(texts).size).to.equal(bases.length);
  });

  const faults = {
    "a negative level": [at("low", -1n)],
    "more than the whole": [share("low", 101)],
    "one level twice": [at("low", 1), at("critical", 1)],
    "one name twice": [at("low", 1), at("low", 2)],
    "a negative margin": [at("low", 1, -1n)],
    "eleven thresholds": Array.from({ length: 11 }, (_, index) => at(`t${index}`, index)),
  };
  for (const [title, thresholds] of Object.entries(faults)) {
    it(`R-WATCH-2: ${title} is a fault`, () => {
      expect(() => book.setThresholds(...thresholds)).to.throw(InvariantError, "R-WATCH-2");
    });
  }
});
