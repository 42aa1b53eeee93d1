import { expect } from "chai";
import { AMOUNT_MICROS_MAX, TOTAL_MICROS_MAX } from "../../../src/domain/amount.ts";
import { InvariantError } from "../../../src/domain/invariant.ts";
import type { Command, ReserveItem } from "../../../src/domain/ledger/command.ts";
import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

const ITEM: ReserveItem = { amountMicros: 1n, context: {}, timeToLive: MINUTE };

/** A book in which `r` is held and so much more is available as one request may name. */
function openBook(): Book {
  const book = new Book();
  book.grant("PURCHASED", AMOUNT_MICROS_MAX, "p");
  book.reserve("r", 0);
  return book;
}

/** A book that owns so many grants of the largest amount. */
function bookOf(grants: number): Book {
  const book = new Book();
  for (let count = 0; count < grants; count += 1) book.grant("PURCHASED", AMOUNT_MICROS_MAX, `p${count}`);
  return book;
}

describe("amounts", () => {
  it("R-AMT-1: one microcredit more or less is told apart, whatever the size", () => {
    const book = openBook();
    book.charge("c", AMOUNT_MICROS_MAX - 1n);
    expect(book.ledger.account.balance.purchasedMicros).to.equal(1n);
  });

  type Naming = (amountMicros: bigint, book: Book) => Command;
  const namings: readonly (readonly [title: string, least: bigint, naming: Naming])[] = [
    ["reserve", 0n, (amountMicros) => ({ ...ITEM, kind: "reserveCredits", amountMicros })],
    [
      "a batch's second item",
      0n,
      (amountMicros) => ({
        kind: "batchReserveCredits",
        items: [
          { ...ITEM, amountMicros: 0n },
          { ...ITEM, amountMicros },
        ],
      }),
    ],
    [
      "settle",
      0n,
      (amountMicros, book) => ({
        kind: "settleReservation",
        reservationId: book.reservation("r").reservationId,
        amountMicros,
      }),
    ],
    [
      "extend",
      0n,
      (additionalAmountMicros, book) => ({
        kind: "extendReservation",
        reservationId: book.reservation("r").reservationId,
        timeToLive: undefined,
        additionalAmountMicros,
      }),
    ],
    [
      "charge",
      0n,
      (amountMicros) => ({ kind: "chargeCredits", amountMicros, context: {}, allowDebt: false }),
    ],
    [
      "grant",
      1n,
      (amountMicros) => ({
        kind: "createGrant",
        grantKind: "PROMOTIONAL",
        amountMicros,
        expireTime: undefined,
        reference: "g",
      }),
    ],
  ];
  for (const [title, least, naming] of namings) {
    it(`R-AMT-3, R-AMT-4: ${title} names ${least} to 10^15 microcredits; anything else is a fault here`, () => {
      for (const amountMicros of [least, AMOUNT_MICROS_MAX]) {
        const book = openBook();
        expect(book.apply(naming(amountMicros, book))).not.to.be.empty;
      }
      for (const amountMicros of [least - 1n, AMOUNT_MICROS_MAX + 1n]) {
        const book = openBook();
        const before = structuredClone(book.stored);
        expect(() => book.apply(naming(amountMicros, book))).to.throw(InvariantError, "R-AMT-3");
        expect(book.stored).to.deep.equal(before);
      }
    });
  }

  it("R-AMT-3: an organization owns up to 10^18 in all, held credits included, and not one more", () => {
    const book = bookOf(999);
    book.reserve("r", 7);
    book.grant("PROMOTIONAL", AMOUNT_MICROS_MAX - 1n, "almost");
    expect(book.refusalOf(() => book.grant("SUBSCRIPTION", 2n, "too much", START + DAY))).to.deep.equal({
      reason: "BALANCE_LIMIT_EXCEEDED",
      totalMicros: TOTAL_MICROS_MAX + 1n,
      limitMicros: TOTAL_MICROS_MAX,
    });
    book.grant("PURCHASED", 1n, "full");
    expect(book.refusalOf(() => book.grant("PURCHASED", 1n, "one more"))).to.include({
      totalMicros: TOTAL_MICROS_MAX + 1n,
    });
  });

  const beyond = {
    reason: "BALANCE_LIMIT_EXCEEDED",
    totalMicros: TOTAL_MICROS_MAX + 1n,
    limitMicros: TOTAL_MICROS_MAX,
  };

  it("R-AMT-3: debt, too, goes up to 10^18, by charge, settle or void", () => {
    const book = new Book();
    book.grant("PURCHASED", 2n, "p");
    book.reserve("r", 2n);
    for (let count = 0; count < 1000; count += 1) book.charge(`c${count}`, AMOUNT_MICROS_MAX, true);
    expect(book.ledger.account.balance.debtMicros).to.equal(TOTAL_MICROS_MAX);
    expect(book.refusalOf(() => book.charge("more", 1n, true))).to.deep.equal(beyond);
    expect(
      book.refusalOf(() => book.settle("r", 3n)),
      "an overrun",
    ).to.deep.equal(beyond);
    book.settle("r", 2n);
    expect(book.refusalOf(() => book.void("p", true))).to.deep.include({
      reason: "BALANCE_LIMIT_EXCEEDED",
      totalMicros: TOTAL_MICROS_MAX + 2n,
    });
    expect(book.void("p"), "a void without debt").to.deep.equal(["GRANT_VOID 0"]);
  });

  it("R-AMT-3: what a settle consumes of a grant that was voided with debt counts towards the limit", () => {
    const book = new Book();
    book.grant("PURCHASED", 2n, "p");
    book.reserve("r", 2n);
    book.void("p", true);
    for (let count = 0; count < 999; count += 1) book.charge(`c${count}`, AMOUNT_MICROS_MAX, true);
    book.charge("almost", AMOUNT_MICROS_MAX - 1n, true);
    expect(book.refusalOf(() => book.settle("r", 2n))).to.deep.equal(beyond);
    expect(book.settle("r", 1n)).to.have.length(1);
    expect(book.ledger.account.balance.debtMicros).to.equal(TOTAL_MICROS_MAX);
  });

  it("R-AMT-4: zero is never refused for lack of credits, even in debt", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    book.charge("c", 2, true);
    expect(book.reserve("r", 0)).to.deep.equal(["RESERVE 0"]);
    expect(book.reserveTogether(["a", 0], ["b", 0])).to.deep.equal(["RESERVE 0", "RESERVE 0"]);
    expect(book.extend("r", { amount: 0 })).to.deep.equal(["EXTEND 0"]);
    expect(book.charge("d", 0)).to.deep.equal(["CHARGE 0"]);
    expect(book.settle("r", 0)).to.deep.equal(["SETTLE 0"]);
    expect(book.balance).to.equal("debt 1 | available -1");
  });
});

describe("other ranges", () => {
  const faults: readonly (readonly [title: string, command: Command])[] = [
    ["R-HOLD-7: a hold of less than a second", { ...ITEM, kind: "reserveCredits", timeToLive: SECOND - 1n }],
    ["R-HOLD-7: a hold of more than 7 days", { ...ITEM, kind: "reserveCredits", timeToLive: 7n * DAY + 1n }],
    ["R-HOLD-10: a batch of nothing", { kind: "batchReserveCredits", items: [] }],
    [
      "R-GRANT-1: purchased credits that expire",
      {
        kind: "createGrant",
        grantKind: "PURCHASED",
        amountMicros: 1n,
        expireTime: START + DAY,
        reference: "g",
      },
    ],
    [
      "R-GRANT-1: subscription credits that never expire",
      {
        kind: "createGrant",
        grantKind: "SUBSCRIPTION",
        amountMicros: 1n,
        expireTime: undefined,
        reference: "g",
      },
    ],
    [
      "R-GRANT-4: a grant without a reference",
      { kind: "createGrant", grantKind: "PURCHASED", amountMicros: 1n, expireTime: undefined, reference: "" },
    ],
  ];
  for (const [title, command] of faults) {
    it(`${title} is a fault here`, () => {
      const book = openBook();
      expect(() => book.apply(command)).to.throw(InvariantError, title.split(":")[0]);
    });
  }
});
