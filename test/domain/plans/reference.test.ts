import { expect } from "chai";
import type { SubscriptionCommand } from "../../../src/domain/ledger/command.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { NO_LIMITS } from "../../../src/domain/plans/plan.ts";
import { evidenceOf, placesOf, resealed, withTransaction } from "../support/evidence.ts";
import { PlanBook } from "../support/plan-book.ts";

type Case = readonly [command: SubscriptionCommand, before: (book: PlanBook) => unknown];

const SINCE: readonly SubscriptionCommand[] = [
  { kind: "suspendSubscription", voidCycle: true, reason: "", reference: "evt_2" },
  { kind: "resumeSubscription", reference: "evt_3" },
  { kind: "cancelSubscription", reason: "", reference: "evt_4" },
];

const subscribed = (book: PlanBook): unknown => book.subscribe("solo");

/** Every call that a payment system may make about a subscription, and what comes before its first copy. */
const CALLS: readonly Case[] = [
  [{ kind: "createSubscription", planId: "solo", billingPeriod: "MONTHLY", anchorTime: undefined }, () => {}],
  [{ kind: "changePlan", planId: "crew", billingPeriod: "MONTHLY", counts: NO_LIMITS }, subscribed],
  [{ kind: "changePlan", planId: "free", billingPeriod: "MONTHLY", counts: NO_LIMITS }, subscribed],
  [
    { kind: "withdrawPlanChange" },
    (book) => {
      book.subscribe("solo");
      book.cancel();
    },
  ],
  [{ kind: "cancelSubscription", reason: "enough" }, subscribed],
  [{ kind: "suspendSubscription", voidCycle: true, reason: "card declined" }, subscribed],
  [
    { kind: "resumeSubscription" },
    (book) => {
      book.subscribe("solo");
      book.suspend();
    },
  ],
];

function callOn([command, before]: Case): [book: PlanBook, call: () => string[]] {
  const book = new PlanBook();
  before(book);
  return [book, () => book.apply({ ...command, reference: "evt_1" })];
}

describe("a reference of a payment system's own", () => {
  for (const each of CALLS) {
    const [{ kind }] = each;
    it(`R-GRANT-4: ${kind} acts once under it, whatever the request id and whatever came since`, () => {
      const [book, call] = callOn(each);
      call();
      const { version } = book.last;
      expect(book.last.requestReference).to.equal("evt_1");
      expect(book.unchangedBy(call)).to.deep.equal([version]);
      for (const since of SINCE) {
        book.apply(since);
        expect(book.unchangedBy(call), "after another change").to.deep.equal([version]);
      }
      book.on("2027-02-01");
      expect(book.subscription.state).to.equal("ENDED");
      expect(book.unchangedBy(call), "after the end").to.deep.equal([version]);
    });

    it(`R-GRANT-4: ${kind} is refused under another's, with what that was and when, before any other rule`, () => {
      const book = new PlanBook();
      book.purchase({ packId: "small" }, "payment:1");
      book.subscribe("solo");
      book.apply({ kind: "suspendSubscription", voidCycle: false, reason: "", reference: "evt_0" });
      const { version, effectiveTime } = book.last;
      book.cancel();
      book.on("2027-02-01");
      const refusal = book.refusalOf(() => book.apply({ ...each[0], reference: "evt_0" }));
      expect(refusal).to.deep.include({ reason: "REFERENCE_REUSED", reference: "evt_0" });
      expect(refusal).to.have.nested.include({ "first.kind": "SUBSCRIPTION_SUSPEND" });
      expect(refusal).to.deep.nested.include({ "first.versions": [version] });
      expect(refusal).to.have.nested.include({ "first.effectiveTime": effectiveTime });
      const bought = book.refusalOf(() => book.apply({ ...each[0], reference: "payment:1" }));
      expect(bought).to.deep.include({ reason: "REFERENCE_REUSED", grant: book.grantNamed("payment:1") });
    });
  }

  it("R-GRANT-4: an old callback that comes late does not suspend again what was resumed", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    const suspend = (reference: string) =>
      book.apply({ kind: "suspendSubscription", voidCycle: true, reason: "card declined", reference });
    suspend("evt_1");
    expect(suspend("evt_2"), "there was nothing to do, but it is remembered").to.deep.equal([
      "SUBSCRIPTION_SUSPEND 0",
    ]);
    book.resume();
    book.expectUnchanged(() => suspend("evt_1"));
    book.expectUnchanged(() => suspend("evt_2"));
    expect(book.balance).to.equal("subscription 100 | available 100");
    suspend("evt_3");
    expect(book.balance).to.equal("nothing | available 0");
  });

  const done: readonly (readonly [
    act: (book: PlanBook) => unknown,
    again: SubscriptionCommand,
    line: string,
  ])[] = [
    [(book) => book.suspend(), { kind: "resumeSubscription" }, "SUBSCRIPTION_RESUME 0"],
    [(book) => book.cancel(), { kind: "cancelSubscription", reason: "x" }, "SUBSCRIPTION_CANCEL 0"],
    [
      (book) => book.change("free"),
      { kind: "changePlan", planId: "free", billingPeriod: "MONTHLY", counts: NO_LIMITS },
      "PLAN_CHANGE_SCHEDULE 0",
    ],
  ];
  for (const [act, again, line] of done) {
    it(`R-GRANT-4: ${again.kind} is remembered under it where nothing was left to be done, and leaves all as it is`, () => {
      const book = new PlanBook();
      book.subscribe("solo");
      act(book);
      if (again.kind === "resumeSubscription") book.resume();
      const { version: _version, ...before } = book.subscription;
      book.expectUnchanged(() => book.apply(again));
      expect(book.apply({ ...again, reference: "evt_1" })).to.deep.equal([line]);
      const { version: _later, ...after } = book.subscription;
      expect(after).to.deep.equal(before);
      book.expectUnchanged(() => book.apply({ ...again, reference: "evt_1" }));
    });
  }

  it("R-GRANT-4: a grant and a purchase are refused under one that a subscription was changed by", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.apply({ kind: "cancelSubscription", reason: "", reference: "evt_1" });
    for (const act of [
      () => book.grant("PROMOTIONAL", 1, "evt_1"),
      () => book.purchase({ packId: "small" }, "evt_1"),
      () => book.purchase({ packId: "none" }, "evt_1"),
    ])
      expect(book.refusalOf(act)).to.deep.include({ reason: "REFERENCE_REUSED", reference: "evt_1" });
    expect(book.refusalOf(() => book.refundPurchase("evt_1"))).to.include({ reason: "PURCHASE_NOT_FOUND" });
  });

  it("R-GRANT-4, R-REQ-1: the request id comes first; what was refused is not remembered", () => {
    const book = new PlanBook();
    const create = (planId: string) => () =>
      book.apply({
        kind: "createSubscription",
        planId,
        billingPeriod: "MONTHLY",
        anchorTime: undefined,
        reference: "evt_1",
      });
    expect(book.refusalOf(create("gold"))).to.include({ reason: "PLAN_NOT_FOUND" });
    book.asRequest("q", create("solo"));
    expect(book.refusalOf(() => book.asRequest("q", create("crew")))).to.include({
      reason: "REQUEST_ID_REUSED",
    });
    expect(book.refusalOf(create("crew"))).to.include({ reason: "REFERENCE_REUSED" });
  });

  it("R-GRANT-4: nobody is kept from the next cycle by a reference that looks like its own", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    const reference = "cycle:2026-12-01T00:00:00Z";
    const cancel = () => book.apply({ kind: "cancelSubscription", reason: "", reference });
    cancel();
    book.withdraw();
    book.on("2026-12-01");
    expect(book.balance).to.equal("subscription 100 | available 100");
    book.expectUnchanged(cancel);
    expect(placesOf(evidenceOf(book))).to.deep.equal([]);
  });

  it("R-HIST-4: it is under the hash, and a history in which it acts twice can't be verified", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.apply({ kind: "suspendSubscription", voidCycle: true, reason: "", reference: "evt_1" });
    book.apply({ kind: "resumeSubscription", reference: "evt_2" });
    const evidence = evidenceOf(book);
    expect(placesOf(evidence)).to.deep.equal([]);
    const forged = (requestReference: string) =>
      withTransaction(evidence, 3n, (t): Transaction => ({ ...t, requestReference }));
    expect(placesOf(forged("evt_3"))[0]).to.equal("transaction 3");
    expect(placesOf(resealed(forged("evt_3"))), "nothing contradicts it").to.deep.equal([]);
    expect(placesOf(resealed(forged("evt_1")))).to.deep.equal(["transaction 3"]);
    expect(placesOf(resealed(forged("cycle:2026-11-01T00:00:00Z")))).to.deep.equal(["transaction 3"]);
  });
});
