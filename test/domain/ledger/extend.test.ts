import { expect } from "chai";
import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

function bookWithHold(timeToLive = 15n * MINUTE): Book {
  const book = new Book();
  book.grant("PURCHASED", 5, "p");
  book.reserve("r", 2, timeToLive);
  return book;
}

describe("extending", () => {
  it("R-HOLD-7: more time counts from now; the change has no movements", () => {
    const book = bookWithHold();
    book.wait(10n * MINUTE);
    expect(book.extend("r", { timeToLive: 15n * MINUTE })).to.deep.equal(["EXTEND 0"]);
    expect(book.last.expireTime).to.equal(START + 25n * MINUTE);
    expect(book.reservation("r")).to.deep.include({
      state: "HELD",
      amountMicros: 2_000_000n,
      expireTime: START + 25n * MINUTE,
      versions: [2n, 3n],
    });
    expect(book.at(START + 25n * MINUTE - 1n)).to.deep.equal([]);
    expect(book.wait(1n)).to.deep.equal(["HOLD_EXPIRY 2: p HELD>FREE 2"]);
  });

  it("R-HOLD-7: a hold that lasts longer already is not shortened", () => {
    const book = bookWithHold(DAY);
    book.extend("r", { timeToLive: SECOND });
    expect(book.reservation("r").expireTime).to.equal(START + DAY);
  });

  it("R-HOLD-7: to 7 days after its start, and not a microsecond more", () => {
    const book = bookWithHold(7n * DAY);
    book.wait(DAY);
    expect(book.refusalOf(() => book.extend("r", { timeToLive: 6n * DAY + 1n, amount: 1 }))).to.deep.equal({
      reason: "TIME_TO_LIVE_EXCEEDED",
      reservation: book.reservation("r"),
      expireTimeMax: START + 7n * DAY,
    });
    expect(book.extend("r", { timeToLive: 6n * DAY })).to.deep.equal(["EXTEND 0"]);
    expect(book.reservation("r").expireTime).to.equal(START + 7n * DAY);
  });

  it("R-HOLD-7: more credits are held like a new reservation, and leave the time as it is", () => {
    const book = bookWithHold();
    book.grant("PROMOTIONAL", 2, "gift");
    expect(book.extend("r", { amount: 3 })).to.deep.equal(["EXTEND 3: gift FREE>HELD 2, p FREE>HELD 1"]);
    expect(book.reservation("r")).to.deep.include({
      amountMicros: 5_000_000n,
      holds: [
        { grantId: book.grantIdOf("p"), amountMicros: 3_000_000n },
        { grantId: book.grantIdOf("gift"), amountMicros: 2_000_000n },
      ],
      expireTime: START + 15n * MINUTE,
    });
    expect(book.release("r")).to.deep.equal(["RELEASE 5: gift HELD>FREE 2, p HELD>FREE 3"]);
  });

  it("R-HOLD-7: more credits than there are refuse the whole extension, its time too", () => {
    const book = bookWithHold();
    const both = { timeToLive: DAY, amount: 3_000_001n };
    expect(book.refusalOf(() => book.extend("r", both))).to.deep.equal({
      reason: "INSUFFICIENT_CREDITS",
      availableMicros: 3_000_000n,
      requiredMicros: 3_000_001n,
      itemIndex: undefined,
    });
    expect(book.reservation("r").expireTime).to.equal(START + 15n * MINUTE);
  });

  it("R-HOLD-7: more time alone is never refused for lack of credits, even in debt", () => {
    const book = bookWithHold();
    book.charge("c", 9, true);
    expect(book.extend("r", { timeToLive: DAY })).to.deep.equal(["EXTEND 0"]);
  });

  it("R-HOLD-7: one microsecond before the hold runs out it can be extended, at the instant it can't", () => {
    const early = bookWithHold();
    early.at(START + 15n * MINUTE - 1n);
    expect(early.extend("r", { timeToLive: MINUTE })).to.deep.equal(["EXTEND 0"]);
    const late = bookWithHold();
    late.at(START + 15n * MINUTE);
    expect(late.refusalOf(() => late.extend("r", { timeToLive: MINUTE }))).to.deep.equal({
      reason: "RESERVATION_EXPIRED",
      reservation: late.reservation("r"),
    });
  });

  it("R-HOLD-7: when it runs out, the hold is returned as in release, at the time that it was due", () => {
    const book = bookWithHold();
    expect(book.at(START + DAY)).to.deep.equal(["HOLD_EXPIRY 2: p HELD>FREE 2"]);
    expect(book.last).to.deep.include({
      effectiveTime: START + 15n * MINUTE,
      recordTime: START + DAY,
      requestId: undefined,
      fingerprint: undefined,
      actor: "system",
      context: { nodeId: "r" },
    });
    expect(book.reservation("r")).to.include({ state: "EXPIRED", endTime: undefined, endVersion: undefined });
  });
});
