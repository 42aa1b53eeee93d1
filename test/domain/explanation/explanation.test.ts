import { expect } from "chai";
import { type Explanation, explain } from "../../../src/domain/explanation/explanation.ts";
import type { Transaction, TransactionKind } from "../../../src/domain/ledger/transaction.ts";
import { PricedRateCard } from "../../../src/domain/pricing/priced-rate-card.ts";
import { DAY, SECOND } from "../../../src/domain/time.ts";
import { settingsValidator } from "../../../src/service/pricing/settings-validator.ts";
import type { Book } from "../support/book.ts";
import { card, model } from "../support/model.ts";
import { at, PlanBook } from "../support/plan-book.ts";

const KINDS: readonly TransactionKind[] = [
  "GRANT",
  "GRANT_VOID",
  "GRANT_EXPIRY",
  "RESERVE",
  "EXTEND",
  "SETTLE",
  "RELEASE",
  "HOLD_EXPIRY",
  "CHARGE",
  "REFUND",
  "SUBSCRIPTION_START",
  "CYCLE_RESET",
  "PLAN_CHANGE",
  "PLAN_CHANGE_SCHEDULE",
  "PLAN_CHANGE_WITHDRAW",
  "SUBSCRIPTION_CANCEL",
  "SUBSCRIPTION_SUSPEND",
  "SUBSCRIPTION_RESUME",
  "SUBSCRIPTION_END",
  "ALERT_THRESHOLDS",
];

describe("explaining a transaction", () => {
  it("R-HIST-2: tells which grants paid in which order and why, what came back, and the hold's history", () => {
    const book = new PlanBook();
    book.grant("PROMOTIONAL", 3, "gift", at("2026-11-11"));
    book.grant("PURCHASED", 10, "payment:1");
    book.reserve("clip", 8, 900n * SECOND, { runId: "run-7", modelId: "painter" });
    book.settle("clip", 5);
    const { steps, text } = last(book);
    expect(steps.map(({ role, grant }) => `${role} ${grant?.reference}`)).to.deep.equal([
      "PAID gift",
      "PAID payment:1",
      "RETURNED payment:1",
    ]);
    expect(text).to.deep.equal([
      "Change 4, 2026-11-01 00:00:00 UTC, by studio: 5 credits charged for run run-7, node clip, model painter.",
      "3 credits paid by the promotional grant gift (expires 2026-11-11 00:00:00 UTC): what was held pays first, in " +
        "spend order: the first grant that had any (subscription, then promotional, then purchased; the earliest " +
        "expiry first, then the oldest).",
      "2 credits paid by the purchased grant payment:1 (never expires): what was held pays first, in spend order: " +
        "purchased credits come after promotional ones, which were not enough.",
      "3 credits back to the purchased grant payment:1 (never expires): what was not charged goes back to the grant " +
        "that it came from, the last one first.",
      "The reservation so far: held 8 until 2026-11-01 00:15:00 UTC (change 3, 2026-11-01 00:00:00 UTC); charged 5 " +
        "(change 4, 2026-11-01 00:00:00 UTC).",
      "Before: 13 credits, 8 of them held, 5 available.",
      "After: 8 credits, 8 available.",
    ]);
  });

  it("R-GRANT-2: says by what two grants differ in spend order", () => {
    const book = new PlanBook();
    book.grant("PROMOTIONAL", 1, "soon", at("2026-11-11"));
    book.grant("PROMOTIONAL", 1, "later", at("2026-11-12"));
    book.grant("PROMOTIONAL", 1, "forever");
    book.wait(SECOND);
    book.grant("PROMOTIONAL", 1, "newer");
    book.charge("c", 4);
    const reasons = last(book).steps.map(({ reason }) => reason.split(": ")[1]?.split(" (")[0]);
    expect(reasons).to.deep.equal([
      "the first grant that had any",
      "this grant expires later than the one before, at 2026-11-12 00:00:00 UTC",
      "this grant never expires, so it comes after one that does",
      "this grant is newer than the one before",
    ]);
  });

  it("R-HOLD-4, R-HOLD-6, R-HOLD-8, R-HOLD-12: says what became debt, expired, came late or was refunded", () => {
    const book = new PlanBook();
    book.grant("PROMOTIONAL", 4, "gift", at("2026-11-02"));
    book.reserve("r", 3, 2n * DAY);
    book.reserve("late", 1, SECOND);
    book.on("2026-11-02");
    book.settle("r", 1);
    expect(last(book).text.join("\n")).to.match(
      /2 credits back to .*: the grant expired at 2026-11-02 00:00:00 UTC/,
    );
    book.settle("late", 2);
    const late = last(book);
    expect(late.text[0]).to.match(/2 credits charged, late: the hold had expired/);
    expect(late.steps.map(({ role }) => role)).to.deep.equal(["OWED"]);
    expect(late.text.at(-1)).to.equal("After: 0 credits, 2 owed, -2 available.");
    book.grant("PURCHASED", 1, "payment:1");
    expect(last(book).steps.map(({ role }) => role)).to.deep.equal(["GRANTED", "DEBT_PAID"]);
    expect(last(book).text.join("\n")).to.match(
      /paid debt, of .*: free credits pay the oldest debt first: that of change/,
    );
    book.refund("late", 2);
    const refund = last(book);
    expect(new Set(refund.steps.map(({ role }) => role))).to.deep.equal(new Set(["REFUNDED", "GRANTED"]));
    expect(refund.text.join("\n")).to.match(
      /lowers debt that is still owed.*\n.*paid since, so a promotional grant/,
    );
    expect(refund.holdHistory.map(({ kind }) => kind)).to.deep.equal([
      "RESERVE",
      "HOLD_EXPIRY",
      "SETTLE",
      "REFUND",
    ]);
  });

  it("explains every kind: each movement has its place and reason, and the balances fit", () => {
    const seen = new Set<TransactionKind>();
    for (const book of [wholeLife(), owingLife()]) {
      for (const [index, transaction] of book.transactions.entries()) {
        const { text, steps, balanceBefore } = explained(book, transaction);
        seen.add(transaction.kind);
        expect(text[0], transaction.kind).to.match(/^Change \d+, .+ UTC, by .+\.$/);
        expect(text.join(" ")).to.not.match(/undefined|NaN/);
        expect(steps.map(({ movement }) => movement)).to.deep.equal(transaction.movements);
        expect(balanceBefore?.balance).to.deep.equal(book.transactions[index - 1]?.balance);
      }
    }
    expect(KINDS.filter((kind) => !seen.has(kind))).to.deep.equal([]);
  });
});

describe("explaining a price", () => {
  const settings = { n: 2, quality: "hd" };
  const priced = new PricedRateCard(7n, card(model()), settingsValidator);

  it("R-PRICE-1: computes what was measured again, line by line", () => {
    const { price, text } = explain(ofCall("SETTLE", 2_036_000n, { images: "2", tokens: "12" }));
    expect(price).to.deep.include({ basis: "MEASURED", amountMicros: 2_036_000n, matches: true });
    expect(text.slice(1, 5)).to.deep.equal([
      "Priced by rate card 7, model painter, by the measured usage:",
      "- images: 2 x 1 = 2",
      "- tokens: 12 x 3 per 1000 = 0.036",
      "- together 2.036 credits, rounded up to a microcredit once",
    ]);
  });

  it("R-HOLD-14: tells whether the expected or the maximum cost was held", () => {
    expect(explain(ofCall("RESERVE", 2_300_000n, {})).price).to.deep.include({
      basis: "EXPECTED",
      matches: true,
    });
    expect(explain(ofCall("RESERVE", 5_000_000n, {})).price).to.deep.include({
      basis: "MAXIMUM",
      matches: true,
    });
  });

  it("says where the transaction has another amount", () => {
    const { price, text } = explain(ofCall("SETTLE", 1n, { images: "2", tokens: "0" }));
    expect(price).to.deep.include({ amountMicros: 2_000_000n, matches: false });
    expect(text[3]).to.equal("- tokens: 0 = 0");
    expect(text[4]).to.match(/which is not what the transaction says$/);
  });

  function ofCall(kind: TransactionKind, amountMicros: bigint, usage: Record<string, string>) {
    const book = new PlanBook();
    book.grant("PURCHASED", 10, "payment:1");
    book.charge("c", 1);
    const charged = book.transactions.at(-1) as Transaction;
    const pricing = { rateCardVersion: 7n, settings, usage, estimate: undefined };
    const transaction = { ...charged, kind, amountMicros, pricing, context: { modelId: "painter" } };
    return { transaction, before: undefined, grants: book.ledger.grants, holdHistory: [], card: priced };
  }
});

/** Every kind but those that only debt brings. */
function wholeLife(): PlanBook {
  const book = new PlanBook();
  book.subscribe("solo");
  book.grant("PROMOTIONAL", 3, "gift", at("2026-11-11"));
  book.reserve("released", 8);
  book.extend("released", { timeToLive: DAY, amount: 1 });
  book.release("released");
  book.reserve("expired", 2, SECOND);
  book.wait(SECOND);
  book.charge("c", 1);
  book.refund("c");
  book.change("crew");
  book.change("solo");
  book.withdraw();
  book.suspend(true);
  book.resume();
  const threshold = { name: "low", level: { amountMicros: 1n }, rearmMargin: { amountMicros: 0n } };
  book.apply({ kind: "setAlertThresholds", thresholds: [threshold] });
  book.on("2026-12-15");
  book.cancel();
  book.on("2027-02-01");
  return book;
}

function owingLife(): PlanBook {
  const book = new PlanBook();
  book.grant("PURCHASED", 5, "payment:1");
  book.reserve("r", 3);
  book.void("payment:1", true);
  book.settle("r", 4);
  book.grant("PURCHASED", 2, "payment:2");
  return book;
}

function last(book: Book): Explanation {
  return explained(book, book.transactions.at(-1) as Transaction);
}

function explained(book: Book, transaction: Transaction): Explanation {
  const { version, reservationId } = transaction;
  const versions = book.ledger.reservations.get(reservationId ?? "")?.versions ?? [];
  return explain({
    transaction,
    before: book.transactions.find((each) => each.version === version - 1n),
    grants: book.ledger.grants,
    holdHistory: book.transactions.filter((each) => versions.includes(each.version)),
    card: undefined,
  });
}
