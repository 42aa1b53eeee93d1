import { expect } from "chai";
import fc from "fast-check";
import { recordDue } from "../../../src/domain/ledger/due.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { SECOND } from "../../../src/domain/time.ts";
import { copyOf, narrowed } from "../support/copy.ts";
import { evidenceOf, verify } from "../support/evidence.ts";
import { play, SCRIPT } from "../support/script.ts";
import { assertNothingLost, assertSound } from "../support/soundness.ts";

/** So many scripts for each property; a fixed seed, so that a failure here is one everywhere. */
const SETTINGS = { numRuns: 500, seed: 20_261_101 };

/** A moment after the script's end; a half second falls between the instants that things end at. */
const LATER = fc.integer({ min: 0, max: 24 }).map((halves) => (BigInt(halves) * SECOND) / 2n);

function withoutRecordTime(transactions: readonly Transaction[]): readonly object[] {
  return transactions.map(({ recordTime: _recordTime, ...others }) => others);
}

describe("properties of the ledger", () => {
  it("R-BAL-2, R-GRANT-3, R-GRANT-6, R-GRANT-7: hold after every step, and no time falls", () => {
    fc.assert(
      fc.property(SCRIPT, (script) => {
        // The book checks the invariants after each change.
        const { transactions } = play(script).book;
        expect(transactions.map(({ version }) => version)).to.eql(transactions.map((_, i) => BigInt(i + 1)));
        for (const [index, { effectiveTime }] of transactions.entries()) {
          expect(effectiveTime >= (transactions[index - 1]?.effectiveTime ?? 0n)).to.equal(true);
        }
      }),
      SETTINGS,
    );
  });

  it("R-GRANT-6: nothing is minted and nothing is lost, by the movements alone", () => {
    fc.assert(
      fc.property(SCRIPT, (script) => {
        const book = play(script).book;
        assertNothingLost(book.ledger, book.transactions);
      }),
      SETTINGS,
    );
  });

  it("R-GRANT-6, R-HIST-4: the transactions alone give what is stored", () => {
    fc.assert(
      fc.property(SCRIPT, (script) => {
        expect(verify(evidenceOf(play(script).book))).to.deep.equal([]);
      }),
      SETTINGS,
    );
  });

  it("R-REQ-1: retries in any order, at any time, change nothing and name the first changes", () => {
    const retries = fc.array(fc.tuple(fc.nat(), LATER), { maxLength: 20 });
    fc.assert(
      fc.property(SCRIPT, retries, (script, tries) => {
        const book = play(script).book;
        for (const [pick, later] of tries) {
          const request = book.requests[pick % Math.max(book.requests.length, 1)];
          if (request === undefined) return;
          book.wait(later);
          const made = book.transactions.filter(({ requestId }) => requestId === request.requestId);
          expect(book.unchangedBy(() => book.send(request))).to.eql(made.map(({ version }) => version));
        }
      }),
      SETTINGS,
    );
  });

  it("R-BAL-5: a period that is recorded in two steps is the same as in one, but for the record times", () => {
    fc.assert(
      fc.property(SCRIPT, LATER, LATER, (script, first, second) => {
        const { ledger, clock } = play(script).book;
        const [half, end] = [clock + first, clock + first + second];
        const [once, twice] = [copyOf(ledger), copyOf(ledger)];
        const whole = recordDue(once, end, undefined);
        once.absorb(whole);
        const halves = [half, end].flatMap((now) => {
          const changes = recordDue(twice, now, undefined);
          twice.absorb(changes);
          assertSound(twice, now);
          return changes.transactions;
        });
        expect(withoutRecordTime(halves)).to.deep.equal(withoutRecordTime(whole.transactions));
        expect(twice).to.deep.equal(once);
      }),
      SETTINGS,
    );
  });

  it("R-BAL-5: what is due, recorded in pieces, is the same as the whole", () => {
    fc.assert(
      fc.property(SCRIPT, LATER, fc.array(LATER, { maxLength: 4 }), (script, later, cuts) => {
        const { ledger, clock } = play(script).book;
        const now = clock + later;
        const [once, inPieces] = [copyOf(ledger), copyOf(ledger)];
        const whole = recordDue(once, now, undefined);
        once.absorb(whole);
        const untils = cuts.sort((left, right) => (left < right ? -1 : 1)).map((cut) => clock + cut);
        const pieces = [...untils, undefined].flatMap((until) => {
          const changes = recordDue(inPieces, now, until);
          inPieces.absorb(changes);
          return changes.transactions;
        });
        expect(pieces).to.deep.equal(whole.transactions);
        expect(inPieces).to.deep.equal(once);
      }),
      SETTINGS,
    );
  });

  it("R-BAL-3: a decision needs no more at hand than what is open, due or named by its command", () => {
    fc.assert(
      fc.property(SCRIPT, (script) => {
        const whole = play(script);
        const narrow = play(script, narrowed);
        expect(narrow.outcomes).to.deep.equal(whole.outcomes);
        expect(narrow.book.transactions).to.deep.equal(whole.book.transactions);
      }),
      SETTINGS,
    );
  });

  it("the scripts come by every kind of change, every way of credits and nearly every refusal", () => {
    const played = fc.sample(SCRIPT, SETTINGS).map((script) => play(script));
    const changes = played.flatMap(({ book }) => book.transactions);
    const ways = changes.flatMap(({ movements }) => movements.map(({ from, to }) => `${from}>${to}`));
    const refusals = played.flatMap(({ outcomes }) =>
      outcomes.flatMap((o) => ("reason" in o ? o.reason : [])),
    );
    expect(new Set(changes.map(({ kind }) => kind))).to.have.property("size", 10);
    expect(new Set(ways)).to.have.property("size", 12);
    expect(changes.filter(({ late }) => late)).not.to.be.empty;
    expect([...new Set(refusals)].sort()).to.deep.equal([
      "GRANT_VOIDED",
      "INSUFFICIENT_CREDITS",
      "REFERENCE_REUSED",
      "RESERVATION_EXPIRED",
      "RESERVATION_RELEASED",
      "RESERVATION_SETTLED",
    ]);
  });
});
