import { expect } from "chai";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { type Discrepancy, Verifier } from "../../../src/domain/ledger/verify.ts";
import { DAY, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";
import { type Evidence, evidenceOf, resealed, withTransaction } from "../support/evidence.ts";
import { link } from "../support/seal.ts";

/** Thirteen changes, of every kind; it ends with a hold `open`, a debt and a void grant. */
function eventfulBook(): Book {
  const book = new Book();
  book.grant("SUBSCRIPTION", 5, "cycle", START + MINUTE); // 1
  book.grant("PURCHASED", 9, "p"); // 2
  book.reserve("settled", 3, 2n * MINUTE); // 3
  book.reserve("expired", 2, SECOND); // 4
  book.settle("settled", 4); // 5
  book.asRequest("together", () => book.reserveTogether(["released", 1], ["open", 2])); // 6, 7; 8: expiry
  book.wait(SECOND);
  book.release("released"); // 9
  book.extend("open", { timeToLive: DAY, amount: 1 }); // 10
  book.wait(MINUTE); // 11: the cycle's end
  book.void("p", true); // 12
  book.charge("c", 1, true); // 13
  return book;
}

function verify({ transactions, hashes, stored, headHash }: Evidence): readonly Discrepancy[] {
  const verifier = new Verifier("acme", link);
  for (const [index, transaction] of transactions.entries()) verifier.feed(transaction, hashes[index] ?? "");
  return verifier.finish(stored, headHash);
}

function placesOf(evidence: Evidence): readonly string[] {
  return [...new Set(verify(evidence).map(({ place }) => place))];
}

type Damage = (evidence: Evidence, book: Book) => Evidence;
type Row = readonly [title: string, damage: Damage, places: (book: Book) => readonly string[]];

const reservationPlace = (name: string) => (book: Book) => [
  `reservation ${book.reservation(name).reservationId}`,
];
const grantPlace = (name: string) => (book: Book) => [`grant ${book.grantIdOf(name)}`];

function withAccount(evidence: Evidence, change: Partial<Evidence["stored"]["account"]>): Evidence {
  const { stored } = evidence;
  return { ...evidence, stored: { ...stored, account: { ...stored.account, ...change } } };
}

/** What happens to rows in the database, by accident or by hand, while the hashes stay as they were. */
const DAMAGES: readonly Row[] = [
  [
    "a changed amount",
    (evidence) => withTransaction(evidence, 3n, (t) => ({ ...t, amountMicros: t.amountMicros + 1n })),
    () => ["transaction 3"],
  ],
  [
    "a changed time",
    (evidence) => withTransaction(evidence, 13n, (t) => ({ ...t, recordTime: t.recordTime + 1n })),
    () => ["transaction 13"],
  ],
  [
    "a changed label",
    (evidence) => withTransaction(evidence, 5n, (t) => ({ ...t, context: { labels: { team: "x" } } })),
    () => ["transaction 5"],
  ],
  [
    "a forged balance",
    (evidence) =>
      withTransaction(evidence, 4n, (t) => ({ ...t, balance: { ...t.balance, purchasedMicros: 99n } })),
    () => ["transaction 4"],
  ],
  [
    "a broken hash, which its successor shows too",
    (evidence) => ({ ...evidence, hashes: evidence.hashes.with(4, "beef") }),
    () => ["transaction 5", "transaction 6"],
  ],
  [
    "a deleted transaction",
    ({ transactions, hashes, ...rest }) => ({
      ...rest,
      transactions: transactions.toSpliced(5, 1),
      hashes: hashes.toSpliced(5, 1),
    }),
    () => ["transaction 7"],
  ],
  [
    "the last transaction deleted",
    ({ transactions, hashes, ...rest }) => ({
      ...rest,
      transactions: transactions.slice(0, -1),
      hashes: hashes.slice(0, -1),
    }),
    (book) => ["account", "debt 13", ...reservationPlace("c")(book)],
  ],
  [
    "swapped versions",
    ({ transactions, hashes, ...rest }) => {
      const [six, seven] = [transactions[5], transactions[6]] as [Transaction, Transaction];
      const swapped = [
        { ...seven, version: 6n },
        { ...six, version: 7n },
      ];
      return { ...rest, hashes, transactions: transactions.toSpliced(5, 2, ...swapped) };
    },
    () => ["transaction 6", "transaction 7"],
  ],
  [
    "a transaction of another organization",
    (evidence) => withTransaction(evidence, 6n, (t) => ({ ...t, organizationId: "other" })),
    () => ["transaction 6"],
  ],
  ["a wrong head hash", (evidence) => ({ ...evidence, headHash: "beef" }), () => ["account"]],
  [
    "a wrong version of the account",
    (evidence) => withAccount(evidence, { version: 14n }),
    () => ["account"],
  ],
  [
    "a forged balance of the account",
    (evidence) => withAccount(evidence, { balance: { ...evidence.stored.account.balance, debtMicros: 0n } }),
    () => ["account"],
  ],
  [
    "a due time that is too late",
    (evidence) => withAccount(evidence, { nextDueTime: START + 2n * DAY }),
    () => ["account"],
  ],
  ["no due time", (evidence) => withAccount(evidence, { nextDueTime: undefined }), () => ["account"]],
  [
    "a changed grant",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: { ...stored, grants: stored.grants.map((g) => ({ ...g, spentBecomesDebt: false })) },
    }),
    grantPlace("p"),
  ],
  [
    "a missing grant",
    ({ stored, ...rest }) => ({ ...rest, stored: { ...stored, grants: stored.grants.slice(1) } }),
    grantPlace("cycle"),
  ],
  [
    "a grant that nobody made",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: { ...stored, grants: stored.grants.flatMap((g) => [g, { ...g, grantId: `${g.reference}-2` }]) },
    }),
    () => ["grant cycle-2", "grant p-2"],
  ],
  [
    "a changed reservation",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: {
        ...stored,
        reservations: stored.reservations.map((r) => (r.state === "EXPIRED" ? { ...r, state: "HELD" } : r)),
      },
    }),
    reservationPlace("expired"),
  ],
  [
    "a missing reservation",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: { ...stored, reservations: stored.reservations.filter((r) => r.state !== "RELEASED") },
    }),
    reservationPlace("released"),
  ],
  [
    "a reservation that nobody made",
    ({ stored, ...rest }, book) => ({
      ...rest,
      stored: {
        ...stored,
        reservations: [...stored.reservations, { ...book.reservation("open"), reservationId: "forged" }],
      },
    }),
    () => ["reservation forged"],
  ],
  [
    "a changed debt",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: {
        ...stored,
        debts: stored.debts.map((d) => (d.version === 12n ? { ...d, paidMicros: 1n } : d)),
      },
    }),
    () => ["debt 12"],
  ],
  [
    "a debt that is written off",
    ({ stored, ...rest }) => ({ ...rest, stored: { ...stored, debts: stored.debts.slice(0, 1) } }),
    () => ["debt 13"],
  ],
  [
    "a debt that nobody incurred",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: { ...stored, debts: [...stored.debts, { version: 5n, incurredMicros: 1n, paidMicros: 0n }] },
    }),
    () => ["debt 5"],
  ],
];

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
    "R-REQ-1: a request with two effects",
    9n,
    (t, book) => ({ ...t, requestId: "together", fingerprint: book.transactions[5]?.fingerprint }),
  ],
  [
    "R-GRANT-7: debt that is paid by nobody",
    13n,
    (t) => ({
      ...t,
      movements: [
        ...t.movements,
        { grantId: undefined, from: "FREE", to: "DEBT", amountMicros: 1n, debtVersion: 12n },
      ],
    }),
  ],
  [
    "R-GRANT-7: debt that was never incurred",
    13n,
    (t, book) => ({
      ...t,
      movements: [
        ...t.movements,
        { grantId: book.grantIdOf("p"), from: "FREE", to: "DEBT", amountMicros: 1n, debtVersion: 3n },
      ],
    }),
  ],
];

describe("verifying", () => {
  it("R-HIST-4: a ledger that nobody touched has no discrepancy", () => {
    const book = eventfulBook();
    expect(verify(evidenceOf(book))).to.deep.equal([]);
    expect(book.transactions).to.have.length(13);
  });

  it("R-HIST-4: a due time that is too early costs a look and is none; nor is the order of rows or of fields", () => {
    const evidence = evidenceOf(eventfulBook());
    const { account, grants, reservations, debts } = evidence.stored;
    const { organizationId, ...others } = account;
    const stored = {
      account: { ...others, organizationId, nextDueTime: START },
      grants: grants.toReversed(),
      reservations: reservations.toReversed(),
      debts: [...debts.toReversed(), { version: 3n, incurredMicros: 1n, paidMicros: 1n }],
    };
    expect(verify({ ...evidence, stored })).to.deep.equal([]);
  });

  for (const [title, damage, places] of DAMAGES) {
    it(`R-HIST-4: ${title} is found, and named by its place`, () => {
      const book = eventfulBook();
      expect(placesOf(damage(evidenceOf(book), book))).to.deep.equal(places(book));
    });
  }

  for (const [title, version, forge] of FORGERIES) {
    it(`${title} is found although every hash fits`, () => {
      const book = eventfulBook();
      const forged = withTransaction(evidenceOf(book), version, (transaction) => forge(transaction, book));
      expect(placesOf(resealed(forged)).at(0)).to.equal(`transaction ${version}`);
    });
  }

  it("R-HIST-4: who keeps a head hash elsewhere finds a history that was rewritten without a trace", () => {
    const kept = evidenceOf(eventfulBook()).headHash;
    const rewritten = new Book();
    rewritten.grant("PURCHASED", 1, "p");
    const evidence = evidenceOf(rewritten);
    expect(verify(evidence)).to.deep.equal([]);
    expect(verify({ ...evidence, headHash: kept })).to.have.length(1);
  });

  it("R-HIST-4: a discrepancy tells what was expected and what was found", () => {
    const evidence = withAccount(evidenceOf(eventfulBook()), { nextDueTime: undefined });
    const { organizationId, place, expected, found } = verify(evidence)[0] ?? {};
    expect({ organizationId, place, expected, found }).to.deep.equal({
      organizationId: "acme",
      place: "account",
      expected: `due by ${START + DAY + SECOND}`,
      found: "due by undefined",
    });
  });
});
