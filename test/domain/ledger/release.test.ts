import { expect } from "chai";
import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

describe("releasing", () => {
  it("R-HOLD-5: returns the hold to exactly the grants that it came from, and charges nothing", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "bought");
    book.grant("PROMOTIONAL", 2, "gift");
    book.reserve("r", 4);
    book.wait(MINUTE);
    expect(book.release("r")).to.deep.equal(["RELEASE 4: bought HELD>FREE 2, gift HELD>FREE 2"]);
    expect(book.grants).to.deep.equal({ bought: "free 3", gift: "free 2" });
    expect(book.reservation("r")).to.deep.include({
      state: "RELEASED",
      amountMicros: 4_000_000n,
      settledMicros: undefined,
      payments: [],
      endTime: START + MINUTE,
      endVersion: 4n,
      versions: [3n, 4n],
    });
  });

  it("R-HOLD-5: what comes back pays debt, the oldest first, in the same transaction", () => {
    const book = new Book();
    book.grant("PURCHASED", 5, "p");
    book.reserve("r", 5);
    book.charge("first", 2, true);
    book.charge("second", 2, true);
    expect(book.release("r")).to.deep.equal(["RELEASE 5: p HELD>FREE 5, p FREE>DEBT #3 2, p FREE>DEBT #4 2"]);
    expect(book.balance).to.equal("purchased 1 | available 1");
    expect(book.debts).to.deep.equal({});
  });

  it("R-HOLD-6: what comes back to a grant that has expired meanwhile expires in the same transaction", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "old", START + 10n * MINUTE);
    book.grant("PURCHASED", 1, "bought");
    book.reserve("r", 4);
    book.at(START + 10n * MINUTE);
    book.grant("SUBSCRIPTION", 3, "new", START + DAY);
    expect(book.release("r")).to.deep.equal(["RELEASE 4: bought HELD>FREE 1, old HELD>EXPIRED 3"]);
    expect(book.grants).to.deep.equal({ old: "expired 3", bought: "free 1", new: "free 3" });
  });

  it("R-HOLD-6: one microsecond before the grant's end it comes back, and expires with it", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "old", START + 10n * MINUTE);
    book.reserve("r", 3);
    book.at(START + 10n * MINUTE - 1n);
    expect(book.release("r")).to.deep.equal(["RELEASE 3: old HELD>FREE 3"]);
    expect(book.wait(1n)).to.deep.equal(["GRANT_EXPIRY 3: old FREE>EXPIRED 3"]);
  });

  it("R-HOLD-9: releasing again answers as the first did", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.reserve("r", 1);
    book.release("r");
    book.reserve("next", 1);
    expect(book.unchangedBy(() => book.release("r"))).to.deep.equal([3n]);
  });

  it("R-HOLD-9: a released reservation can't be settled or extended", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.reserve("r", 1);
    book.release("r");
    const refusal = { reason: "RESERVATION_RELEASED", reservation: book.reservation("r") };
    expect(book.refusalOf(() => book.settle("r", 0))).to.deep.equal(refusal);
    expect(book.refusalOf(() => book.extend("r", { timeToLive: DAY }))).to.deep.equal(refusal);
  });

  it("R-HOLD-9: releasing an expired hold changes nothing, is no ending, and is not remembered", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.reserve("r", 1);
    book.wait(DAY);
    expect(book.unchangedBy(() => book.asRequest("q", () => book.release("r")))).to.deep.equal([]);
    expect(book.reservation("r").state).to.equal("EXPIRED");
    expect(book.ledger.requests.has("q")).to.equal(false);
    expect(book.settle("r", 1)).to.deep.equal(["SETTLE 1 late: p FREE>CONSUMED 1"]);
    expect(book.refusalOf(() => book.release("r"))).to.include({ reason: "RESERVATION_SETTLED" });
  });
});

describe("releasing a run", () => {
  const run = { runId: "run" };

  it("R-HOLD-13: releases what the run still holds, oldest first, one transaction each", () => {
    const book = new Book();
    book.grant("PURCHASED", 9, "p");
    book.reserve("old", 1, 20n * MINUTE, run);
    book.reserve("young", 2, 20n * MINUTE, run);
    book.reserve("other", 4, 20n * MINUTE, { runId: "another" });
    book.reserve("none", 1, 20n * MINUTE);
    book.reserve("settled", 1, 20n * MINUTE, run);
    book.settle("settled", 1);
    book.extend("old", { timeToLive: DAY });
    expect(book.asRequest("q", () => book.releaseRun("run"))).to.deep.equal([
      "RELEASE 1: p HELD>FREE 1",
      "RELEASE 2: p HELD>FREE 2",
    ]);
    expect(book.balance).to.equal("purchased 8, reserved 5 | available 3");
    expect(book.transactions.slice(-2).map((t) => [t.requestId, t.requestOrdinal, t.context])).to.deep.equal([
      ["q", 0, { nodeId: "old", runId: "run" }],
      ["q", 1, { nodeId: "young", runId: "run" }],
    ]);
  });

  it("R-REQ-1: the release of a run that holds nothing is remembered, so that a late copy releases nothing", () => {
    const book = new Book();
    book.grant("PURCHASED", 2, "p");
    book.reserve("expired", 1, SECOND, run);
    book.wait(SECOND);
    expect(book.asRequest("q", () => book.releaseRun("run"))).to.deep.equal(["RELEASE 0"]);
    expect(book.last).to.deep.include({ context: { runId: "run" }, movements: [] });
    expect(book.last).not.to.have.property("reservationId");
    book.reserve("again", 2, MINUTE, run);
    expect(book.unchangedBy(() => book.asRequest("q", () => book.releaseRun("run")))).to.deep.equal([4n]);
    expect(book.balance).to.equal("purchased 2, reserved 2 | available 0");
  });
});
