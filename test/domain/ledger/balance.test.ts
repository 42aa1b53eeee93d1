import { expect } from "chai";
import { availableMicros, totalMicros } from "../../../src/domain/ledger/account.ts";
import { recordDue } from "../../../src/domain/ledger/due.ts";
import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

describe("balance and time", () => {
  it("R-BAL-1: all workspaces and members of an organization spend one balance", () => {
    const book = new Book();
    book.grant("PURCHASED", 5, "p");
    book.reserve("one", 3, MINUTE, { workspaceId: "films", memberId: "member-1" });
    const others = { workspaceId: "music", memberId: "member-2" };
    expect(book.refusalOf(() => book.reserve("two", 3, MINUTE, others))).to.deep.include({
      reason: "INSUFFICIENT_CREDITS",
      availableMicros: 2_000_000n,
    });
    book.reserve("three", 2, MINUTE, others);
    expect(book.balance).to.equal("purchased 5, reserved 5 | available 0");
  });

  it("R-BAL-2: shows each kind, held credits included, what is reserved, owed and available", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 1, "cycle", START + DAY);
    book.grant("PROMOTIONAL", 2, "gift");
    book.grant("PURCHASED", 4, "p");
    book.reserve("r", 6);
    expect(book.ledger.account.balance).to.deep.equal({
      subscriptionMicros: 1_000_000n,
      promotionalMicros: 2_000_000n,
      purchasedMicros: 4_000_000n,
      reservedMicros: 6_000_000n,
      debtMicros: 0n,
    });
    expect(totalMicros(book.ledger.account.balance)).to.equal(7_000_000n);
    book.charge("c", 3, true);
    expect(book.balance).to.equal(
      "subscription 1, promotional 2, purchased 3, reserved 6, debt 2 | available -2",
    );
    expect(availableMicros(book.ledger.account.balance)).to.equal(-2_000_000n);
  });

  it("R-BAL-3: every accepted change raises the version by one; what is refused or repeated doesn't", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "p");
    book.reserveTogether(["a", 1], ["b", 1]);
    book.refusalOf(() => book.reserve("c", 2));
    book.release("a");
    book.unchangedBy(() => book.release("a"));
    book.wait(DAY);
    expect(book.transactions.map((transaction) => transaction.version)).to.deep.equal([1n, 2n, 3n, 4n, 5n]);
    expect(book.ledger.account.version).to.equal(5n);
  });

  it("R-BAL-4: the balance after each change is stored with it", () => {
    const book = new Book();
    book.grant("PURCHASED", 3, "p");
    book.reserve("r", 2);
    book.settle("r", 1);
    const shown = book.transactions.map(({ balance }) => [balance.purchasedMicros, balance.reservedMicros]);
    expect(shown).to.deep.equal([
      [3_000_000n, 0n],
      [3_000_000n, 2_000_000n],
      [2_000_000n, 0n],
    ]);
    expect(book.last.balance).to.deep.equal(book.ledger.account.balance);
  });

  it("R-BAL-5: a write first records everything due, each change at its due time", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "cycle", START + 10n * MINUTE);
    book.grant("PROMOTIONAL", 2, "gift", START + 30n * MINUTE);
    book.reserve("short", 1, 5n * MINUTE);
    book.reserve("long", 1, 20n * MINUTE);
    book.clock = START + 2n * DAY;
    book.grant("PURCHASED", 1, "p");
    expect(book.transactions.slice(4).map((t) => [t.kind, t.effectiveTime - START, t.recordTime])).to.eql([
      ["HOLD_EXPIRY", 5n * MINUTE, START + 2n * DAY],
      ["GRANT_EXPIRY", 10n * MINUTE, START + 2n * DAY],
      ["HOLD_EXPIRY", 20n * MINUTE, START + 2n * DAY],
      ["GRANT_EXPIRY", 30n * MINUTE, START + 2n * DAY],
      ["GRANT", 2n * DAY, START + 2n * DAY],
    ]);
    expect(book.grants).to.deep.equal({ cycle: "expired 3", gift: "expired 2", p: "free 1" });
  });

  it("R-BAL-5: at the same instant holds end before grants, each by id", () => {
    const book = new Book();
    const end = START + 15n * MINUTE;
    book.grant("SUBSCRIPTION", 3, "cycle", end);
    book.grant("PROMOTIONAL", 2, "gift", end);
    book.reserve("first", 2);
    book.reserve("second", 2);
    expect(book.at(end)).to.deep.equal([
      "HOLD_EXPIRY 2: cycle HELD>EXPIRED 2",
      "HOLD_EXPIRY 2: gift HELD>EXPIRED 1, cycle HELD>EXPIRED 1",
      "GRANT_EXPIRY 1: gift FREE>EXPIRED 1",
    ]);
    expect(book.transactions.slice(-3).map(({ effectiveTime }) => effectiveTime)).to.eql([end, end, end]);
  });

  it("R-BAL-5: a hold that ends a microsecond before its grant gives back what then expires", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "cycle", START + SECOND + 1n);
    book.reserve("r", 3, SECOND);
    expect(book.wait(DAY)).to.deep.equal([
      "HOLD_EXPIRY 3: cycle HELD>FREE 3",
      "GRANT_EXPIRY 3: cycle FREE>EXPIRED 3",
    ]);
  });

  it("R-BAL-5: changes that fell due are nobody's: no request, no ordinal, the system as actor", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 1, "g", START + MINUTE);
    book.grant("PROMOTIONAL", 1, "h", START + MINUTE);
    book.at(START + DAY);
    for (const { requestId, requestOrdinal, actor } of book.transactions.slice(2)) {
      expect({ requestId, requestOrdinal, actor }).to.eql({
        requestId: undefined,
        requestOrdinal: 0,
        actor: "system",
      });
    }
  });

  it("R-BAL-5: a clock that falls back does not take the organization's time with it", () => {
    const book = new Book();
    book.grant("PURCHASED", 2, "p");
    book.wait(MINUTE);
    book.charge("c", 1);
    book.clock = START;
    book.charge("d", 1);
    expect(book.last).to.include({ effectiveTime: START + MINUTE, recordTime: START + MINUTE });
  });

  it("R-BAL-5: what is due later than asked for waits for the next piece", () => {
    const book = new Book();
    book.grant("PURCHASED", 2, "p");
    book.reserve("a", 1, SECOND);
    book.reserve("b", 1, 2n * SECOND);
    const until = START + 2n * SECOND;
    const piece = recordDue(book.ledger, START + DAY, until);
    expect(piece.transactions.map((t) => t.effectiveTime)).to.deep.equal([START + SECOND]);
  });

  it("R-BAL-6: an organization is opened by its first grant; before that it is not found", () => {
    const book = new Book();
    const none = { reason: "ORGANIZATION_NOT_FOUND", organizationId: "acme" };
    expect(book.refusalOf(() => book.reserve("r", 0))).to.deep.equal(none);
    expect(book.refusalOf(() => book.reserveTogether(["r", 0]))).to.deep.equal(none);
    expect(book.refusalOf(() => book.charge("c", 1, true))).to.deep.equal(none);
    expect(book.refusalOf(() => book.releaseRun("run"))).to.deep.equal(none);
    expect(book.refusalOf(() => book.void("g"))).to.deep.equal(none);
    const reservationId = book.newId();
    for (const command of [
      { kind: "settleReservation", reservationId, amountMicros: 0n },
      { kind: "releaseReservation", reservationId },
      { kind: "extendReservation", reservationId, timeToLive: DAY, additionalAmountMicros: undefined },
    ] as const) {
      expect(book.refusalOf(() => book.apply(command))).to.deep.equal(none);
    }
    book.grant("PROMOTIONAL", 1, "g");
    expect(book.reserve("r", 1)).to.deep.equal(["RESERVE 1: g FREE>HELD 1"]);
  });

  it("R-BAL-4: the account tells when something next falls due, never too late", () => {
    const book = new Book();
    const due = () => book.ledger.account.nextDueTime;
    book.grant("PURCHASED", 3, "p");
    expect(due()).to.equal(undefined);
    book.grant("PROMOTIONAL", 1, "g", START + DAY);
    expect(due()).to.equal(START + DAY);
    book.reserve("r", 2, MINUTE);
    expect(due()).to.equal(START + MINUTE);
    book.extend("r", { timeToLive: 2n * MINUTE });
    book.wait(MINUTE);
    expect(due(), "extended").to.equal(START + 2n * MINUTE);
    book.wait(MINUTE - 1n);
    expect(due(), "a microsecond later").to.equal(START + 2n * MINUTE);
    book.wait(1n);
    expect(due(), "the hold ended").to.equal(START + DAY);
    book.wait(DAY);
    expect(due()).to.equal(undefined);
  });
});
