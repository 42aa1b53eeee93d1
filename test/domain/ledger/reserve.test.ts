import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

describe("reserving", () => {
  it("R-HOLD-1: holds all of the amount from the grants in spend order, and records how much of which", () => {
    const book = new Book();
    book.grant("PURCHASED", 5, "bought");
    book.grant("PROMOTIONAL", 2, "gift");
    book.grant("SUBSCRIPTION", 3, "cycle", START + DAY);
    expect(book.reserve("r", 6)).to.deep.equal([
      "RESERVE 6: cycle FREE>HELD 3, gift FREE>HELD 2, bought FREE>HELD 1",
    ]);
    expect(book.balance).to.equal("subscription 3, promotional 2, purchased 5, reserved 6 | available 4");
    expect(book.grants).to.deep.equal({ bought: "free 4, held 1", gift: "held 2", cycle: "held 3" });
    const [bought, gift, cycle] = ["bought", "gift", "cycle"].map((name) => book.grantIdOf(name));
    expect(book.reservation("r")).to.deep.include({
      state: "HELD",
      amountMicros: 6_000_000n,
      holds: [
        { grantId: cycle, amountMicros: 3_000_000n },
        { grantId: gift, amountMicros: 2_000_000n },
        { grantId: bought, amountMicros: 1_000_000n },
      ],
      settledMicros: undefined,
      payments: [],
      debtMicros: 0n,
      createTime: START,
      expireTime: START + 15n * MINUTE,
      endTime: undefined,
      endVersion: undefined,
      versions: [4n],
    });
  });

  it("R-HOLD-1: holds the last microcredit, and not one more", () => {
    const book = new Book();
    book.grant("PURCHASED", 10n, "p");
    expect(book.refusalOf(() => book.reserve("r", 11n))).to.deep.equal({
      reason: "INSUFFICIENT_CREDITS",
      availableMicros: 10n,
      requiredMicros: 11n,
      itemIndex: undefined,
    });
    expect(book.reserve("r", 10n)).to.deep.equal(["RESERVE 0.00001: p FREE>HELD 0.00001"]);
    expect(book.balance).to.equal("purchased 0.00001, reserved 0.00001 | available 0");
  });

  it("R-HOLD-2: a denial is not remembered: the same request succeeds after a top-up", () => {
    const book = new Book();
    book.grant("PURCHASED", 2, "first");
    const reserve = () => book.asRequest("q", () => book.reserve("r", 3));
    expect(book.refusalOf(reserve)).to.include({
      availableMicros: 2_000_000n,
      requiredMicros: 3_000_000n,
    });
    book.grant("PURCHASED", 1, "second");
    expect(reserve()).to.deep.equal(["RESERVE 3: first FREE>HELD 2, second FREE>HELD 1"]);
  });

  it("R-HOLD-2: with debt, what is available is less than nothing", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.charge("c", 3, true);
    expect(book.refusalOf(() => book.reserve("r", 1n))).to.include({
      availableMicros: -2_000_000n,
      requiredMicros: 1n,
    });
  });

  it("R-HOLD-10: a batch is one transaction each, in the items' order, under one request", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 4, "gift");
    book.grant("PURCHASED", 5, "bought");
    const lines = book.asRequest("q", () => book.reserveTogether(["image", 3], ["video", 4], ["text", 0]));
    expect(lines).to.deep.equal([
      "RESERVE 3: gift FREE>HELD 3",
      "RESERVE 4: gift FREE>HELD 1, bought FREE>HELD 3",
      "RESERVE 0",
    ]);
    const made = book.transactions.slice(2);
    expect(made.map(({ version, requestId, requestOrdinal }) => [version, requestId, requestOrdinal])).to.eql(
      [
        [3n, "q", 0],
        [4n, "q", 1],
        [5n, "q", 2],
      ],
    );
    expect(["image", "video", "text"].map((name) => book.reservation(name).versions)).to.eql([
      [3n],
      [4n],
      [5n],
    ]);
  });

  it("R-HOLD-10: a batch that fails in the middle changes nothing, and names the item and the total", () => {
    const book = new Book();
    book.grant("PURCHASED", 5, "p");
    const refusal = book.refusalOf(() => book.reserveTogether(["a", 2], ["b", 3], ["c", 1n], ["d", 7]));
    expect(refusal).to.deep.equal({
      reason: "INSUFFICIENT_CREDITS",
      availableMicros: 5_000_000n,
      requiredMicros: 12_000_001n,
      itemIndex: 2,
    });
    expect(book.grants).to.deep.equal({ p: "free 5" });
    expect(book.ledger.reservations).to.have.property("size", 0);
  });

  it("R-AMT-4: a reservation of zero holds nothing, and is one all the same", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    expect(book.reserve("r", 0)).to.deep.equal(["RESERVE 0"]);
    expect(book.reservation("r")).to.deep.include({ state: "HELD", amountMicros: 0n, holds: [] });
    expect(book.settle("r", 1)).to.deep.equal(["SETTLE 1: p FREE>CONSUMED 1"]);
  });
});
