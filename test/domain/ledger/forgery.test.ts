import { expect } from "chai";
import type { Movement, Transaction } from "../../../src/domain/ledger/transaction.ts";
import { type Book, START } from "../support/book.ts";
import { eventfulBook } from "../support/eventful-book.ts";
import { evidenceOf, placesOf, resealed, withTransaction } from "../support/evidence.ts";

/** What a transaction's request is known by. */
function originOf(transaction: Transaction | undefined): Pick<Transaction, "requestId" | "fingerprint"> {
  return { requestId: transaction?.requestId, fingerprint: transaction?.fingerprint };
}

/** A microcredit of `p` that goes a way of its own. */
function movement(book: Book, way: Pick<Movement, "from" | "to">, debtVersion?: bigint): Movement {
  return { ...way, grantId: book.grantIdOf("p"), amountMicros: 1n, debtVersion };
}

type Forgery = readonly [
  title: string,
  version: bigint,
  forge: (transaction: Transaction, book: Book) => Transaction,
];

/** What somebody writes who computes all hashes anew: it must still be able to follow from what was before. */
const FORGERIES: readonly Forgery[] = [
  ["R-BAL-4: another balance", 5n, (t) => ({ ...t, balance: { ...t.balance, subscriptionMicros: 1n } })],
  ["R-BAL-5: a time before the change before it", 9n, (t) => ({ ...t, effectiveTime: START - 1n })],
  ["R-BAL-5: recorded before it happened", 9n, (t) => ({ ...t, recordTime: START - 1n })],
  [
    "R-GRANT-6: a grant that is larger than what came in",
    2n,
    (t) => ({ ...t, amountMicros: t.amountMicros + 1n }),
  ],
  ["R-GRANT-6: other buckets of its grant", 12n, (t) => ({ ...t, grantAfter: undefined })],
  [
    "R-GRANT-6: a grant made twice",
    2n,
    (t, book) => ({ ...t, grantId: book.grantIdOf("cycle"), movements: [] }),
  ],
  ["R-GRANT-4: a reference that grants twice", 2n, (t) => ({ ...t, reference: "cycle" })],
  ["R-HIST-2: an amount that its movements don't add up to", 3n, (t) => ({ ...t, amountMicros: 4_000_000n })],
  [
    "R-HOLD-1: a hold that no grant gives",
    3n,
    (t) => ({ ...t, movements: t.movements.map((m) => ({ ...m, from: "OUTSIDE" })) }),
  ],
  ["R-HOLD-5: a release of less than was held", 9n, (t) => ({ ...t, amountMicros: 0n, movements: [] })],
  [
    "R-HOLD-5: a release of what another holds",
    9n,
    (t, book) => ({ ...t, reservationId: book.reservation("open").reservationId }),
  ],
  ["R-HOLD-7: a hold that ended before its time", 8n, (t) => ({ ...t, effectiveTime: START })],
  ["R-HOLD-8: a settle in time that claims to be late", 5n, (t) => ({ ...t, late: true })],
  [
    "R-HOLD-9: a reservation that ends twice",
    9n,
    (t, book) => ({ ...t, reservationId: book.reservation("settled").reservationId }),
  ],
  ["R-HOLD-9: an end of a reservation that never began", 9n, (t) => ({ ...t, reservationId: "none" })],
  [
    "R-HOLD-9: an extension of what has ended",
    10n,
    (t, book) => ({
      ...t,
      reservationId: book.reservation("settled").reservationId,
      movements: [],
      amountMicros: 0n,
      balance: book.transactions[8]?.balance ?? t.balance,
    }),
  ],
  [
    "R-GRANT-6: spent credits that come back",
    6n,
    (t, book) => ({
      ...t,
      movements: [...t.movements, movement(book, { from: "CONSUMED", to: "FREE" })],
      balance: { ...t.balance, purchasedMicros: t.balance.purchasedMicros + 1n },
    }),
  ],
  [
    "R-GRANT-7: a hold that names a debt",
    3n,
    (t) => ({ ...t, movements: t.movements.map((m) => ({ ...m, debtVersion: 1n })) }),
  ],
  ["R-REQ-1: a request with two effects", 9n, (t, book) => ({ ...t, ...originOf(book.transactions[5]) })],
  [
    "R-REQ-1: a request that goes on after another",
    9n,
    (t, book) => ({ ...t, ...originOf(book.transactions[5]), requestOrdinal: 2 }),
  ],
  [
    "R-GRANT-7: debt that is paid by nobody",
    13n,
    (t, book) => ({
      ...t,
      movements: [
        ...t.movements,
        { ...movement(book, { from: "FREE", to: "DEBT" }, 12n), grantId: undefined },
      ],
      balance: { ...t.balance, debtMicros: t.balance.debtMicros - 1n },
    }),
  ],
  [
    "R-GRANT-7: debt that was never incurred",
    13n,
    (t, book) => ({
      ...t,
      movements: [...t.movements, movement(book, { from: "FREE", to: "DEBT" }, 3n)],
    }),
  ],
];

describe("forging a history whose every hash fits", () => {
  for (const [title, version, forge] of FORGERIES) {
    it(`${title} is found`, () => {
      const book = eventfulBook();
      const forged = withTransaction(evidenceOf(book), version, (transaction) => forge(transaction, book));
      expect(placesOf(resealed(forged)).at(0)).to.equal(`transaction ${version}`);
    });
  }
});
