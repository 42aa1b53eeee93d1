import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

/** Holds 2 of `cycle`, 2 of `gift` and 1 of 3 `bought` as `r`. */
function bookWithHold(): Book {
  const book = new Book();
  book.grant("SUBSCRIPTION", 2, "cycle", START + DAY);
  book.grant("PROMOTIONAL", 2, "gift");
  book.grant("PURCHASED", 3, "bought");
  book.reserve("r", 5);
  return book;
}

describe("settling", () => {
  it("R-HOLD-3: at the hold consumes it in spend order", () => {
    const book = bookWithHold();
    expect(book.settle("r", 5)).to.deep.equal([
      "SETTLE 5: cycle HELD>CONSUMED 2, gift HELD>CONSUMED 2, bought HELD>CONSUMED 1",
    ]);
    expect(book.balance).to.equal("purchased 2 | available 2");
  });

  it("R-HOLD-3: below the hold returns the rest to where it came from, the last one first", () => {
    const book = bookWithHold();
    book.wait(MINUTE);
    expect(book.settle("r", 1)).to.deep.equal([
      "SETTLE 1: cycle HELD>CONSUMED 1, bought HELD>FREE 1, gift HELD>FREE 2, cycle HELD>FREE 1",
    ]);
    expect(book.grants).to.deep.equal({ cycle: "free 1, consumed 1", gift: "free 2", bought: "free 3" });
    expect(book.reservation("r")).to.deep.include({
      state: "SETTLED",
      amountMicros: 5_000_000n,
      settledMicros: 1_000_000n,
      payments: [{ grantId: book.grantIdOf("cycle"), amountMicros: 1_000_000n }],
      debtMicros: 0n,
      late: false,
      endTime: START + MINUTE,
      endVersion: 5n,
      versions: [4n, 5n],
    });
  });

  it("R-HOLD-3: an extension may have held a grant that is spent earlier: that one is consumed first", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "bought");
    book.reserve("r", 2);
    book.grant("SUBSCRIPTION", 2, "cycle", START + DAY);
    expect(book.extend("r", { amount: 2 })).to.deep.equal(["EXTEND 2: cycle FREE>HELD 2"]);
    expect(book.settle("r", 1)).to.deep.equal([
      "SETTLE 1: cycle HELD>CONSUMED 1, bought HELD>FREE 2, cycle HELD>FREE 1",
    ]);
    expect(book.grants).to.deep.equal({ bought: "free 3", cycle: "free 1, consumed 1" });
  });

  it("R-HOLD-4: above the hold takes the rest from what is available, in spend order", () => {
    const book = bookWithHold();
    book.grant("PROMOTIONAL", 1, "second gift");
    expect(book.settle("r", 7)).to.deep.equal([
      "SETTLE 7: cycle HELD>CONSUMED 2, gift HELD>CONSUMED 2, bought HELD>CONSUMED 1, " +
        "second gift FREE>CONSUMED 1, bought FREE>CONSUMED 1",
    ]);
    const payments = book.reservation("r").payments.map((share) => share.amountMicros);
    expect(payments, "in the order of payment, which a refund goes back through").to.eql([
      2_000_000n,
      2_000_000n,
      1_000_000n,
      1_000_000n,
      1_000_000n,
    ]);
    expect(book.balance).to.equal("purchased 1 | available 1");
  });

  it("R-HOLD-4: what is missing becomes debt; a settle is never refused for lack of credits", () => {
    const book = bookWithHold();
    expect(book.settle("r", 10)).to.deep.equal([
      "SETTLE 10: cycle HELD>CONSUMED 2, gift HELD>CONSUMED 2, bought HELD>CONSUMED 1, " +
        "bought FREE>CONSUMED 2, DEBT>CONSUMED 3",
    ]);
    expect(book.balance).to.equal("debt 3 | available -3");
    expect(book.debts).to.deep.equal({ "#5": 3_000_000n });
    expect(book.reservation("r")).to.include({ settledMicros: 10_000_000n, debtMicros: 3_000_000n });
  });

  it("R-HOLD-4: what others hold is not available to an overrun", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "p");
    book.reserve("other", 2);
    book.reserve("r", 1);
    expect(book.settle("r", 2)).to.deep.equal(["SETTLE 2: p HELD>CONSUMED 1, DEBT>CONSUMED 1"]);
    expect(book.balance).to.equal("purchased 2, reserved 2, debt 1 | available -1");
  });

  it("R-AMT-4: settling at zero charges nothing and ends the reservation", () => {
    const book = bookWithHold();
    expect(book.settle("r", 0)).to.deep.equal([
      "SETTLE 0: bought HELD>FREE 1, gift HELD>FREE 2, cycle HELD>FREE 2",
    ]);
    expect(book.reservation("r")).to.deep.include({ state: "SETTLED", settledMicros: 0n, payments: [] });
  });

  it("R-HOLD-6: settling in time consumes the old cycle's credits after the cycle's end", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "old", START + 10n * MINUTE);
    book.reserve("r", 2);
    book.at(START + 10n * MINUTE);
    book.grant("SUBSCRIPTION", 3, "new", START + DAY);
    expect(book.settle("r", 2)).to.deep.equal(["SETTLE 2: old HELD>CONSUMED 2"]);
    expect(book.grants).to.deep.equal({ old: "consumed 2, expired 1", new: "free 3" });
  });

  it("R-HOLD-6: the remainder of an expired grant expires in the same transaction", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 2, "old", START + 10n * MINUTE);
    book.grant("PURCHASED", 2, "bought");
    book.reserve("r", 3);
    book.at(START + 10n * MINUTE);
    expect(book.settle("r", 1)).to.deep.equal([
      "SETTLE 1: old HELD>CONSUMED 1, bought HELD>FREE 1, old HELD>EXPIRED 1",
    ]);
    expect(book.balance).to.equal("purchased 2 | available 2");
  });

  it("R-HOLD-8: after expiry a settle is late: it charges today's grants as with an empty hold", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "bought");
    book.reserve("r", 3);
    book.at(START + 15n * MINUTE);
    book.grant("PROMOTIONAL", 1, "gift");
    expect(book.settle("r", 2)).to.deep.equal([
      "SETTLE 2 late: gift FREE>CONSUMED 1, bought FREE>CONSUMED 1",
    ]);
    expect(book.reservation("r")).to.deep.include({
      state: "SETTLED",
      late: true,
      settledMicros: 2_000_000n,
      endVersion: 5n,
      versions: [2n, 3n, 5n],
    });
  });

  it("R-HOLD-8: a late settle goes into debt rather than being refused, and charges zero as zero", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.reserve("r", 1);
    book.reserve("free", 0);
    book.wait(DAY);
    expect(book.settle("r", 3)).to.deep.equal(["SETTLE 3 late: p FREE>CONSUMED 1, DEBT>CONSUMED 2"]);
    expect(book.settle("free", 0)).to.deep.equal(["SETTLE 0 late"]);
    expect(book.balance).to.equal("debt 2 | available -2");
  });

  it("R-HOLD-8: one microsecond before its expiry a settle is in time, at the instant it is late", () => {
    const early = bookWithHold();
    early.at(START + 15n * MINUTE - 1n);
    expect(early.settle("r", 0).at(0)).to.match(/^SETTLE 0: /);
    const late = bookWithHold();
    late.at(START + 15n * MINUTE);
    expect(late.settle("r", 0)).to.deep.equal(["SETTLE 0 late"]);
  });

  it("R-HOLD-9: settling again with the same amount answers as the first did", () => {
    const book = bookWithHold();
    book.settle("r", 4);
    book.grant("PURCHASED", 1, "later");
    expect(book.unchangedBy(() => book.settle("r", 4))).to.deep.equal([5n]);
  });

  it("R-HOLD-9: settling again with another amount, or releasing, is refused with the state it has", () => {
    const book = bookWithHold();
    book.settle("r", 4);
    const refusal = { reason: "RESERVATION_SETTLED", reservation: book.reservation("r") };
    expect(book.refusalOf(() => book.settle("r", 4_000_001n))).to.deep.equal(refusal);
    expect(book.refusalOf(() => book.release("r"))).to.deep.equal(refusal);
  });
});

describe("charging", () => {
  it("R-HOLD-11: charges in one step, as a reservation that is settled at once", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "bought");
    book.grant("PROMOTIONAL", 1, "gift");
    book.wait(MINUTE);
    expect(book.charge("c", 2)).to.deep.equal(["CHARGE 2: gift FREE>CONSUMED 1, bought FREE>CONSUMED 1"]);
    expect(book.reservation("c")).to.deep.include({
      state: "SETTLED",
      amountMicros: 0n,
      holds: [],
      settledMicros: 2_000_000n,
      debtMicros: 0n,
      late: false,
      createTime: START + MINUTE,
      expireTime: START + MINUTE,
      endTime: START + MINUTE,
      endVersion: 3n,
      versions: [3n],
    });
    expect(book.reservation("c").payments).to.have.length(2);
  });

  it("R-HOLD-11: is refused if not enough is available, unless debt is allowed", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    expect(book.refusalOf(() => book.charge("c", 2))).to.deep.equal({
      reason: "INSUFFICIENT_CREDITS",
      availableMicros: 1_000_000n,
      requiredMicros: 2_000_000n,
      itemIndex: undefined,
    });
    expect(book.charge("c", 2, true)).to.deep.equal(["CHARGE 2: p FREE>CONSUMED 1, DEBT>CONSUMED 1"]);
    expect(book.charge("d", 1, true)).to.deep.equal(["CHARGE 1: DEBT>CONSUMED 1"]);
    expect(book.debts).to.deep.equal({ "#2": 1_000_000n, "#3": 1_000_000n });
  });

  it("R-HOLD-9: a charge has ended: settling it for the same is no change, anything else is refused", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "p");
    book.charge("c", 2);
    expect(book.unchangedBy(() => book.settle("c", 2))).to.deep.equal([2n]);
    expect(book.refusalOf(() => book.settle("c", 1))).to.include({ reason: "RESERVATION_SETTLED" });
    expect(book.refusalOf(() => book.extend("c", { amount: 1 }))).to.include({
      reason: "RESERVATION_SETTLED",
    });
  });

  it("R-AMT-4: a charge of zero is valid, even in debt", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.charge("c", 2, true);
    expect(book.charge("nothing", 0)).to.deep.equal(["CHARGE 0"]);
    expect(book.balance).to.equal("debt 1 | available -1");
  });
});
