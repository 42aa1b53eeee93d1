import { expect } from "chai";
import type { Refusal } from "../../../src/domain/ledger/refusal.ts";
import { DAY } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

const NOWHERE = "01999999-ffff-7000-8000-000000000000";

type Row = readonly [title: string, reason: Refusal["reason"], act: (book: Book) => unknown];

/** One row for each refusal, in their order; where a row breaks several rules, the first of them answers. */
const ROWS: readonly Row[] = [
  [
    "R-REQ-2: before an unknown grant",
    "REQUEST_ID_REUSED",
    (book) => book.asRequest("q", () => book.void("none")),
  ],
  [
    "R-REQ-2: before a reference with another amount",
    "REQUEST_ID_REUSED",
    (book) => book.asRequest("q", () => book.grant("PURCHASED", 3, "p")),
  ],
  [
    "R-HOLD-3: settle an unknown reservation",
    "RESERVATION_NOT_FOUND",
    (book) => book.apply({ kind: "settleReservation", reservationId: NOWHERE, amountMicros: 1n }),
  ],
  [
    "R-HOLD-5: release an unknown reservation",
    "RESERVATION_NOT_FOUND",
    (book) => book.apply({ kind: "releaseReservation", reservationId: NOWHERE }),
  ],
  [
    "R-HOLD-7: extend an unknown reservation, before the time and the credits",
    "RESERVATION_NOT_FOUND",
    (book) =>
      book.apply({
        kind: "extendReservation",
        reservationId: NOWHERE,
        timeToLive: 7n * DAY,
        additionalAmountMicros: 99n,
      }),
  ],
  ["R-GRANT-5: void an unknown grant", "GRANT_NOT_FOUND", (book) => book.void(NOWHERE)],
  [
    "R-GRANT-4: a reference that is used, before a time that has passed",
    "REFERENCE_REUSED",
    (book) => book.grant("PROMOTIONAL", 2, "p", START),
  ],
  [
    "R-GRANT-1: a time that has passed",
    "EXPIRE_TIME_PASSED",
    (book) => book.grant("PROMOTIONAL", 2, "new", START + DAY),
  ],
  ["R-HOLD-9: settle what was settled for less", "RESERVATION_SETTLED", (book) => book.settle("settled", 2)],
  ["R-HOLD-9: release what was settled", "RESERVATION_SETTLED", (book) => book.release("settled")],
  [
    "R-HOLD-7: extend what was settled",
    "RESERVATION_SETTLED",
    (book) => book.extend("settled", { amount: 99 }),
  ],
  ["R-HOLD-9: settle what was released", "RESERVATION_RELEASED", (book) => book.settle("released", 0)],
  [
    "R-HOLD-7: extend what was released",
    "RESERVATION_RELEASED",
    (book) => book.extend("released", { amount: 99 }),
  ],
  [
    "R-HOLD-7: extend what has expired, before the time and the credits",
    "RESERVATION_EXPIRED",
    (book) => book.extend("expired", { timeToLive: 7n * DAY, amount: 99 }),
  ],
  ["R-GRANT-5: void what is void", "GRANT_VOIDED", (book) => book.void("void", true)],
  [
    "R-HOLD-7: a time beyond 7 days, before the credits",
    "TIME_TO_LIVE_EXCEEDED",
    (book) => book.extend("held", { timeToLive: 7n * DAY, amount: 99 }),
  ],
  ["R-HOLD-2: reserve too much", "INSUFFICIENT_CREDITS", (book) => book.reserve("r", 99)],
  ["R-HOLD-10: reserve too much together", "INSUFFICIENT_CREDITS", (book) => book.reserveTogether(["r", 99])],
  ["R-HOLD-7: extend by too much", "INSUFFICIENT_CREDITS", (book) => book.extend("held", { amount: 99 })],
  ["R-HOLD-11: charge too much", "INSUFFICIENT_CREDITS", (book) => book.charge("c", 99)],
];

/** A day after its start, with a reservation in each state, a grant `p` and a `void` one. */
function busyBook(): Book {
  const book = new Book();
  book.asRequest("q", () => book.grant("PURCHASED", 9, "p"));
  book.grant("PROMOTIONAL", 1, "void");
  book.void("void");
  book.reserve("expired", 1);
  for (const name of ["held", "settled", "released"]) book.reserve(name, 1, 6n * DAY);
  book.settle("settled", 1);
  book.release("released");
  book.wait(DAY);
  return book;
}

describe("refusals", () => {
  for (const [title, reason, act] of ROWS) {
    it(`${title}: ${reason}`, () => {
      const book = busyBook();
      expect(book.refusalOf(() => act(book))).to.have.property("reason", reason);
    });
  }

  it("R-HOLD-3, R-GRANT-5: what is not found is named, with its organization", () => {
    const book = busyBook();
    expect(book.refusalOf(() => book.void(NOWHERE))).to.deep.equal({
      reason: "GRANT_NOT_FOUND",
      organizationId: "acme",
      grantId: NOWHERE,
    });
    const release = () => book.apply({ kind: "releaseReservation", reservationId: NOWHERE });
    expect(book.refusalOf(release)).to.deep.equal({
      reason: "RESERVATION_NOT_FOUND",
      organizationId: "acme",
      reservationId: NOWHERE,
    });
  });
});
