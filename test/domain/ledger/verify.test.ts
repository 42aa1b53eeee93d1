import { expect } from "chai";
import { placedMicros } from "../../../src/domain/ledger/credit-totals.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { Verifier } from "../../../src/domain/ledger/verify.ts";
import { DAY, SECOND } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";
import { eventfulBook } from "../support/eventful-book.ts";
import {
  type Evidence,
  evidenceOf,
  placesOf,
  resealed,
  verify,
  withTransaction,
} from "../support/evidence.ts";
import { link } from "../support/seal.ts";
import { discrepanciesOf } from "../support/stored-state.ts";

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
    "a paid debt that nobody incurred",
    ({ stored, ...rest }) => ({
      ...rest,
      stored: { ...stored, debts: [...stored.debts, { version: 3n, incurredMicros: 1n, paidMicros: 1n }] },
    }),
    () => ["debt 3"],
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
      debts: debts.toReversed(),
    };
    expect(verify({ ...evidence, stored })).to.deep.equal([]);
  });

  for (const [title, damage, places] of DAMAGES) {
    it(`R-HIST-4: ${title} is found, and named by its place`, () => {
      const book = eventfulBook();
      expect(placesOf(damage(evidenceOf(book), book))).to.deep.equal(places(book));
    });
  }

  it("R-HIST-4: who keeps a head hash elsewhere finds a history that was rewritten without a trace", () => {
    const kept = evidenceOf(eventfulBook()).headHash;
    const rewritten = new Book();
    rewritten.grant("PURCHASED", 1, "p");
    const evidence = evidenceOf(rewritten);
    expect(verify(evidence)).to.deep.equal([]);
    expect(verify({ ...evidence, headHash: kept })).to.have.length(1);
    expect(verify(evidence, { kept: { version: 13n, hash: kept } })).to.deep.equal([
      { organizationId: "acme", place: "transaction 13", expected: `hash ${kept}`, found: "nothing" },
    ]);
  });

  it("R-HIST-4: a kept head is looked for in its place, however much came after it", () => {
    const evidence = evidenceOf(eventfulBook());
    const hash = evidence.hashes[6] ?? "";
    expect(verify(evidence, { kept: { version: 7n, hash } })).to.deep.equal([]);
    const renamed = withTransaction(evidence, 3n, (t) => ({ ...t, actor: "somebody else" }));
    expect(verify(resealed(renamed))).to.deep.equal([]);
    expect(placesOf(resealed(renamed), { kept: { version: 7n, hash } })).to.deep.equal(["transaction 7"]);
  });

  it("R-HIST-4: what is put aside in between is found all the same", () => {
    for (const [title, damage, places] of DAMAGES) {
      const book = eventfulBook();
      const found = placesOf(damage(evidenceOf(book), book), { atHand: { reservations: 0, grants: 0 } });
      expect(found, title).to.deep.equal(places(book));
    }
  });

  it("R-GRANT-6: a paid debt is compared too: forgotten, or of another amount", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p"); // 1
    book.charge("c", 3, true); // 2
    book.grant("PURCHASED", 5, "q"); // 3, pays
    const evidence = evidenceOf(book);
    expect(verify(evidence)).to.deep.equal([]);
    const withDebts = (debts: Evidence["stored"]["debts"]) => ({
      ...evidence,
      stored: { ...evidence.stored, debts },
    });
    const halved = { version: 2n, incurredMicros: 1_000_000n, paidMicros: 1_000_000n };
    const owed = { version: 2n, incurredMicros: 2_000_000n, paidMicros: 1_000_000n };
    for (const debts of [[], [halved], [owed]])
      expect(placesOf(withDebts(debts)), String(debts.length)).to.deep.equal(["debt 2"]);
  });

  it("R-GRANT-6: totals are those of the movements, conserved", () => {
    const verifier = new Verifier("acme", link);
    const evidence = evidenceOf(eventfulBook());
    expect(discrepanciesOf(verifier, evidence)).to.deep.equal([]);
    const { totals } = verifier;
    expect(placedMicros(totals)).to.equal(totals.grantedMicros).and.equal(14_000_000n);
    expect(totals.incurredMicros - totals.paidMicros).to.equal(evidence.stored.account.balance.debtMicros);
  });

  it("R-BAL-3: a gap in the versions is named as such", () => {
    const { transactions, hashes, ...rest } = evidenceOf(eventfulBook());
    const damaged = { ...rest, transactions: transactions.toSpliced(5, 1), hashes: hashes.toSpliced(5, 1) };
    expect(verify(damaged)[0]).to.include({ expected: "version 6", found: "version 7" });
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
