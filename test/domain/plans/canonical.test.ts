import { expect } from "chai";
import { canonicalCommand, canonicalTransaction } from "../../../src/domain/ledger/canonical.ts";
import type { Command } from "../../../src/domain/ledger/command.ts";
import { PlanBook } from "../support/plan-book.ts";

const COUNTS = { WORKSPACES: 1, MEMBERS: undefined, AGENTS: 0 };

/** Kept requests are compared by these texts: they must not change. */
const COMMANDS: readonly (readonly [command: Command, text: string])[] = [
  [
    { kind: "refundReservation", reservationId: "r-1", amountMicros: undefined, reason: "bad" },
    '["command.1","refundReservation","r-1",null,"bad"]',
  ],
  [
    { kind: "purchaseCredits", purchase: { packId: "7" }, reference: "payment:1" },
    '["command.1","purchaseCredits","pack","7","payment:1"]',
  ],
  [
    { kind: "purchaseCredits", purchase: { amountMicros: 7n }, reference: "payment:1" },
    '["command.1","purchaseCredits","amount","7","payment:1"]',
  ],
  [
    { kind: "refundPurchase", reference: "payment:1", spentBecomesDebt: true, reason: "" },
    '["command.1","refundPurchase","payment:1","true",""]',
  ],
  [
    { kind: "createSubscription", planId: "pro", billingPeriod: "YEARLY", anchorTime: undefined },
    '["command.1","createSubscription","pro","YEARLY",null]',
  ],
  [
    { kind: "changePlan", planId: "pro", billingPeriod: "MONTHLY", counts: COUNTS },
    '["command.1","changePlan","pro","MONTHLY",["1",null,"0"]]',
  ],
  [{ kind: "withdrawPlanChange" }, '["command.1","withdrawPlanChange"]'],
  [{ kind: "cancelSubscription", reason: "enough" }, '["command.1","cancelSubscription","enough"]'],
  [
    { kind: "suspendSubscription", voidCycle: true, reason: "" },
    '["command.1","suspendSubscription","true",""]',
  ],
  [{ kind: "resumeSubscription" }, '["command.1","resumeSubscription"]'],
  [
    { kind: "resumeSubscription", reference: "evt_1" },
    '["command.1","resumeSubscription",["reference","evt_1"]]',
  ],
  [
    { kind: "suspendSubscription", voidCycle: false, reason: "late", reference: "evt_2" },
    '["command.1","suspendSubscription","false","late",["reference","evt_2"]]',
  ],
];

describe("the canonical texts of plans", () => {
  for (const [command, text] of COMMANDS) {
    it(`R-REQ-2: of ${text}`, () => {
      expect(canonicalCommand(command)).to.equal(text);
    });
  }

  it("R-HIST-4: a transaction's text ends with the grants that it made and the subscription after it", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.asRequest("q", () => book.cancel());
    const texts = book.transactions.map((transaction) => JSON.parse(canonicalTransaction(transaction)));
    const prices = [
      ["100", "EUR"],
      ["1000", "EUR"],
    ];
    const subscription = [
      "ACTIVE",
      ["solo", "solo", "1", "100000000", ["2", "3", null], ...prices],
      "MONTHLY",
      ["100", "EUR"],
      "1793491200000000",
      "0",
      "1793491200000000",
      "1796083200000000",
      "0",
      "1793491200000000",
      "1796083200000000",
      "100000000",
      "false",
      [],
    ];
    const grantId = book.grantIdOf("cycle:2026-11-01T00:00:00Z");
    const made = [[grantId, "SUBSCRIPTION", "100000000", "1796083200000000", "cycle:2026-11-01T00:00:00Z"]];
    expect(texts[0].slice(-2)).to.deep.equal([made, [...subscription, null]]);
    expect(texts[1].slice(-2)).to.deep.equal([[], [...subscription, ["CANCEL", null, null, "2"]]]);
  });

  it("R-HIST-4: a reference of the request comes last in a transaction's text, and nothing where there is none", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.apply({ kind: "cancelSubscription", reason: "", reference: "evt_1" });
    const [first, second] = book.transactions.map((t) => JSON.parse(canonicalTransaction(t)));
    expect(second).to.have.length(first.length + 1);
    expect(second.at(-1)).to.deep.equal(["reference", "evt_1"]);
  });
});
