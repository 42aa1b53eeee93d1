import { expect } from "chai";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

/** Of 9 credits `p`: 4 spent, 3 held as `r`, 2 free. */
function bookWithPurchase(): Book {
  const book = new Book();
  book.grant("PURCHASED", 9, "p");
  book.charge("c", 4);
  book.reserve("r", 3);
  return book;
}

describe("voiding a grant", () => {
  it("R-GRANT-5: takes back what is free; what was spent stays spent", () => {
    const book = bookWithPurchase();
    book.wait(MINUTE);
    expect(book.void("p", false, "goodwill withdrawn")).to.deep.equal(["GRANT_VOID 2: p FREE>VOIDED 2"]);
    expect(book.balance).to.equal("purchased 3, reserved 3 | available 0");
    expect(book.grants).to.deep.equal({ p: "held 3, consumed 4, voided 2 (void)" });
    expect(book.last).to.deep.include({
      effectiveTime: START + MINUTE,
      spentBecomesDebt: false,
      reference: "goodwill withdrawn",
      grantAfter: {
        freeMicros: 0n,
        heldMicros: 3_000_000n,
        consumedMicros: 4_000_000n,
        expiredMicros: 0n,
        voidedMicros: 2_000_000n,
      },
    });
  });

  it("R-GRANT-5: what was spent becomes debt if the caller asks for it", () => {
    const book = bookWithPurchase();
    expect(book.void("p", true)).to.deep.equal(["GRANT_VOID 2: p FREE>VOIDED 2, DEBT>VOIDED 4"]);
    expect(book.balance).to.equal("purchased 3, reserved 3, debt 4 | available -4");
    expect(book.debts).to.deep.equal({ "#4": 4_000_000n });
  });

  const heldParts: readonly (readonly [
    title: string,
    spentBecomesDebt: boolean,
    act: (book: Book) => string[],
    lines: readonly string[],
    balance: string,
  ])[] = [
    [
      "without debt, a settle consumes it",
      false,
      (book) => book.settle("r", 2),
      ["SETTLE 2: p HELD>CONSUMED 2, p HELD>VOIDED 1"],
      "nothing | available 0",
    ],
    [
      "with debt, what a settle consumes becomes debt too, and the rest is voided",
      true,
      (book) => book.settle("r", 2),
      ["SETTLE 2: p HELD>CONSUMED 2, DEBT>VOIDED 2, p HELD>VOIDED 1"],
      "debt 6 | available -6",
    ],
    [
      "with debt, an overrun is debt of its own",
      true,
      (book) => book.settle("r", 5),
      ["SETTLE 5: p HELD>CONSUMED 3, DEBT>CONSUMED 2, DEBT>VOIDED 3"],
      "debt 9 | available -9",
    ],
    [
      "what a release returns is voided",
      true,
      (book) => book.release("r"),
      ["RELEASE 3: p HELD>VOIDED 3"],
      "debt 4 | available -4",
    ],
    [
      "what the end of the hold returns is voided; a late settle is charged to what is left",
      true,
      (book) => [...book.wait(15n * MINUTE), ...book.settle("r", 1)],
      ["HOLD_EXPIRY 3: p HELD>VOIDED 3", "SETTLE 1 late: DEBT>CONSUMED 1"],
      "debt 5 | available -5",
    ],
  ];
  for (const [title, spentBecomesDebt, act, lines, balance] of heldParts) {
    it(`R-GRANT-5: the choice stays on the grant for the held part: ${title}`, () => {
      const book = bookWithPurchase();
      book.void("p", spentBecomesDebt);
      expect(act(book)).to.deep.equal(lines);
      expect(book.balance).to.equal(balance);
    });
  }

  it("R-GRANT-5: debt from a void is the void's or the settle's, not the reservation's", () => {
    const book = bookWithPurchase();
    book.void("p", true);
    book.settle("r", 5);
    expect(book.reservation("r").debtMicros, "the overrun alone").to.equal(2_000_000n);
    expect(book.debts, "one debt for each change").to.deep.equal({ "#4": 4_000_000n, "#5": 5_000_000n });
  });

  it("R-GRANT-5: voiding a grant that had paid debt makes that owed again", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 1, "gift");
    book.charge("c", 3, true);
    book.grant("PURCHASED", 2, "p");
    expect(book.balance).to.equal("nothing | available 0");
    expect(book.void("p", true)).to.deep.equal(["GRANT_VOID 0: DEBT>VOIDED 2"]);
    expect(book.debts).to.deep.equal({ "#4": 2_000_000n });
  });

  it("R-GRANT-5: void and expired at once, what comes back is voided", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 2, "gift", START + MINUTE);
    book.reserve("r", 1);
    book.at(START + MINUTE);
    expect(book.void("gift")).to.deep.equal(["GRANT_VOID 0"]);
    expect(book.release("r")).to.deep.equal(["RELEASE 1: gift HELD>VOIDED 1"]);
    expect(book.grants).to.deep.equal({ gift: "expired 1, voided 1 (void)" });
  });

  it("R-GRANT-5: a grant is voided once", () => {
    const book = bookWithPurchase();
    book.void("p");
    const refusal = { reason: "GRANT_VOIDED", grant: book.grantNamed("p") };
    expect(book.refusalOf(() => book.void("p", true))).to.deep.equal(refusal);
  });
});

describe("debt", () => {
  it("R-GRANT-7: a void's debt is paid at once by what other grants have free, in spend order", () => {
    const book = bookWithPurchase();
    book.grant("PURCHASED", 3, "bought");
    book.grant("PROMOTIONAL", 2, "gift");
    expect(book.void("p", true)).to.deep.equal([
      "GRANT_VOID 2: p FREE>VOIDED 2, DEBT>VOIDED 4, gift FREE>DEBT #6 2, bought FREE>DEBT #6 2",
    ]);
    expect(book.balance).to.equal("purchased 4, reserved 3 | available 1");
  });

  it("R-GRANT-7: a settle's debt from a voided grant is paid at once by what is free", () => {
    const book = bookWithPurchase();
    book.void("p", true);
    book.grant("PURCHASED", 6, "bought");
    expect(book.settle("r", 3)).to.deep.equal([
      "SETTLE 3: p HELD>CONSUMED 3, DEBT>VOIDED 3, bought FREE>DEBT #6 2",
    ]);
    expect(book.balance).to.equal("debt 1 | available -1");
  });

  it("R-GRANT-7: a grant pays the oldest debt first", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.charge("a", 3, true);
    book.charge("b", 2, true);
    expect(book.grant("PROMOTIONAL", 3, "gift")).to.deep.equal([
      "GRANT 3: gift OUTSIDE>FREE 3, gift FREE>DEBT #2 2, gift FREE>DEBT #3 1",
    ]);
    expect(book.debts).to.deep.equal({ "#3": 1_000_000n });
  });

  it("R-GRANT-7: the remainder of a hold pays debt", () => {
    const book = new Book();
    book.grant("PURCHASED", 5, "p");
    book.reserve("r", 5);
    book.charge("c", 2, true);
    expect(book.settle("r", 1)).to.deep.equal([
      "SETTLE 1: p HELD>CONSUMED 1, p HELD>FREE 4, p FREE>DEBT #3 2",
    ]);
    expect(book.balance).to.equal("purchased 2 | available 2");
  });

  it("R-GRANT-7: the end of a hold pays debt, before a grant that ends at the same instant is gone", () => {
    const book = new Book();
    const end = START + 15n * MINUTE;
    book.grant("SUBSCRIPTION", 2, "cycle", end);
    book.grant("PROMOTIONAL", 2, "gift", START + DAY);
    book.reserve("r", 4);
    book.charge("c", 1, true);
    expect(book.at(end)).to.deep.equal([
      "HOLD_EXPIRY 4: gift HELD>FREE 2, cycle HELD>EXPIRED 2, gift FREE>DEBT #4 1",
    ]);
    expect(book.balance).to.equal("promotional 1 | available 1");
  });

  it("R-GRANT-7: what expires pays no debt", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 2, "cycle", START + MINUTE);
    book.reserve("r", 2);
    book.charge("c", 1, true);
    book.at(START + MINUTE);
    expect(book.release("r")).to.deep.equal(["RELEASE 2: cycle HELD>EXPIRED 2"]);
    expect(book.balance).to.equal("debt 1 | available -1");
  });
});
