import { expect } from "chai";
import { DAY } from "../../../src/domain/time.ts";
import { at, PlanBook } from "../support/plan-book.ts";

/** A charge `c` of 8 credits: 3 promotional, then 5 purchased, of which 5 stay. */
function bookWithCharge(): PlanBook {
  const book = new PlanBook();
  book.grant("PROMOTIONAL", 3, "gift", at("2026-11-11"));
  book.grant("PURCHASED", 10, "p");
  book.charge("c", 8);
  return book;
}

describe("refunding a reservation", () => {
  it("R-HOLD-12: gives credits back to the grants that paid, the last payment first", () => {
    const book = bookWithCharge();
    expect(book.refund("c", 6)).to.deep.equal(["REFUND 6: p CONSUMED>FREE 5, gift CONSUMED>FREE 1"]);
    expect(book.balance).to.equal("promotional 1, purchased 10 | available 11");
    expect(book.reservation("c")).to.deep.include({ state: "SETTLED", refundedMicros: 6_000_000n });
    expect(book.last).to.deep.include({ reference: "bad output", amountMicros: 6_000_000n });
  });

  it("R-HOLD-12: several partial refunds go on where the one before ended", () => {
    const book = bookWithCharge();
    const lines = [2, 4, undefined].flatMap((amount) => book.refund("c", amount));
    expect(lines).to.deep.equal([
      "REFUND 2: p CONSUMED>FREE 2",
      "REFUND 4: p CONSUMED>FREE 3, gift CONSUMED>FREE 1",
      "REFUND 2: gift CONSUMED>FREE 2",
    ]);
    expect(book.balance).to.equal("promotional 3, purchased 10 | available 13");
  });

  it("R-HOLD-12: a grant that paid before and after another gets back in that order", () => {
    const book = new PlanBook();
    book.grant("PURCHASED", 4, "p");
    book.reserve("r", 3);
    book.grant("PROMOTIONAL", 2, "gift");
    book.settle("r", 6);
    expect(book.refund("r", 4)).to.deep.equal([
      "REFUND 4: p CONSUMED>FREE 1, gift CONSUMED>FREE 2, p CONSUMED>FREE 1",
    ]);
  });

  it("R-HOLD-12: first lowers the debt that it caused and is still owed", () => {
    const book = bookWithCharge();
    book.charge("d", 9, true);
    expect(book.balance).to.equal("debt 4 | available -4");
    expect(book.refund("d", 3)).to.deep.equal(["REFUND 3: CONSUMED>DEBT #4 3"]);
    expect(book.refund("d")).to.deep.equal(["REFUND 6: CONSUMED>DEBT #4 1, p CONSUMED>FREE 5"]);
    expect(book.debts).to.deep.equal({});
    expect(book.balance).to.equal("purchased 5 | available 5");
  });

  it("R-HOLD-12: debt that was paid since comes back as a promotional grant that never expires", () => {
    const book = bookWithCharge();
    book.charge("d", 9, true);
    book.grant("PURCHASED", 1, "paying");
    expect(book.asRequest("q", () => book.refund("d", 4))).to.deep.equal([
      "REFUND 4: CONSUMED>DEBT #4 3, CONSUMED>VOIDED 1, refund:q/debt OUTSIDE>FREE 1",
    ]);
    expect(book.grantNamed("refund:q/debt")).to.deep.include({ kind: "PROMOTIONAL", expireTime: undefined });
    expect(book.balance).to.equal("promotional 1 | available 1");
  });

  const ends: readonly (readonly [
    title: string,
    prepare: (book: PlanBook) => unknown,
    expireTime: bigint,
  ])[] = [
    ["7 days, without a subscription", () => undefined, at("2026-11-12") + 7n * DAY],
    [
      "the cycle's end where that is later",
      (book) => book.subscribe("free", "MONTHLY", "2026-11-01"),
      at("2026-12-01"),
    ],
    [
      "7 days where those are later",
      (book) => book.subscribe("free", "MONTHLY", "2026-11-15"),
      at("2026-11-12") + 7n * DAY,
    ],
  ];
  for (const [title, prepare, expireTime] of ends) {
    it(`R-HOLD-12: for an expired grant there is a promotional one until ${title}`, () => {
      const book = bookWithCharge();
      book.on("2026-11-12");
      prepare(book);
      expect(book.asRequest("q", () => book.refund("c"))).to.deep.equal([
        "REFUND 8: p CONSUMED>FREE 5, gift CONSUMED>EXPIRED 3, refund:q OUTSIDE>FREE 3",
      ]);
      expect(book.grantNamed("refund:q")).to.deep.include({ kind: "PROMOTIONAL", expireTime });
    });
  }

  it("R-HOLD-12: the share of a voided grant lowers debt, the rest of it is voided", () => {
    const book = bookWithCharge();
    book.void("p", true);
    expect(book.balance).to.equal("debt 5 | available -5");
    book.grant("PURCHASED", 2, "paying");
    expect(book.refund("c")).to.deep.equal([
      "REFUND 8: p CONSUMED>DEBT #4 3, p CONSUMED>VOIDED 2, gift CONSUMED>FREE 3",
    ]);
    expect(book.balance).to.equal("promotional 3 | available 3");
    expect(book.grants.p).to.equal("consumed 3, voided 7 (void, spent becomes debt)");
  });

  it("R-GRANT-7: what comes back pays other debt at once", () => {
    const book = bookWithCharge();
    book.charge("d", 7, true);
    expect(book.refund("c", 4)).to.deep.equal(["REFUND 4: p CONSUMED>FREE 4, p FREE>DEBT #4 2"]);
    expect(book.balance).to.equal("purchased 2 | available 2");
  });

  it("R-HOLD-12, R-GRANT-3: what goes back to a spent grant expires with it, on time", () => {
    const book = bookWithCharge();
    book.refund("c");
    expect(book.on("2026-11-11")).to.deep.equal(["GRANT_EXPIRY 3: gift FREE>EXPIRED 3"]);
  });

  it("R-REQ-1: the same request again refunds once", () => {
    const book = bookWithCharge();
    book.asRequest("q", () => book.refund("c", 2));
    expect(book.unchangedBy(() => book.asRequest("q", () => book.refund("c", 2)))).to.deep.equal([4n]);
    expect(book.reservation("c").refundedMicros).to.equal(2_000_000n);
  });

  const refusals: readonly (readonly [title: string, reason: string, act: (book: PlanBook) => unknown])[] = [
    ["more than was charged", "REFUND_EXCEEDS_CHARGE", (book) => book.refund("c", 9)],
    [
      "more than is left",
      "REFUND_EXCEEDS_CHARGE",
      (book) => {
        book.refund("c", 5);
        return book.refund("c", 4);
      },
    ],
    [
      "the rest of nothing",
      "REFUND_EXCEEDS_CHARGE",
      (book) => {
        book.refund("c");
        return book.refund("c");
      },
    ],
    [
      "what cost nothing",
      "REFUND_EXCEEDS_CHARGE",
      (book) => {
        book.charge("z", 0);
        return book.refund("z");
      },
    ],
    [
      "what is held",
      "RESERVATION_NOT_SETTLED",
      (book) => {
        book.reserve("r", 1);
        return book.refund("r");
      },
    ],
    [
      "what was released",
      "RESERVATION_NOT_SETTLED",
      (book) => {
        book.reserve("r", 1);
        book.release("r");
        return book.refund("r");
      },
    ],
    [
      "what is unknown",
      "RESERVATION_NOT_FOUND",
      (book) =>
        book.apply({ kind: "refundReservation", reservationId: "none", amountMicros: 1n, reason: "" }),
    ],
  ];
  for (const [title, reason, act] of refusals) {
    it(`R-HOLD-12: ${title} is not refunded: ${reason}`, () => {
      const book = bookWithCharge();
      expect(() => act(book)).to.throw(reason);
    });
  }
});
