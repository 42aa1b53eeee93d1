import { expect } from "chai";
import { PlanBook } from "../support/plan-book.ts";

const SMALL = { packId: "small" } as const;

describe("a purchase", () => {
  it("R-PLAN-9, R-BAL-6: a pack can be bought without a subscription, and opens the organization", () => {
    const book = new PlanBook();
    expect(book.purchase(SMALL, "payment:1")).to.deep.equal(["GRANT 50: payment:1 OUTSIDE>FREE 50"]);
    expect(book.grantNamed("payment:1")).to.deep.include({ kind: "PURCHASED", expireTime: undefined });
    book.on("2036-11-01");
    expect(book.balance).to.equal("purchased 50 | available 50");
  });

  it("R-PLAN-9: a number of credits can be bought, to the microcredit", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.purchase({ amountMicros: 1_234_567n }, "payment:1");
    expect(book.balance).to.equal("subscription 100, purchased 1.234567 | available 101.234567");
  });

  it("R-GRANT-4: one payment grants once, whatever the request id, even if the pack was edited since", () => {
    const book = new PlanBook();
    book.purchase(SMALL, "payment:1");
    const [pack, ...others] = book.catalogueAt(book.now).packs;
    if (!pack) throw new Error("no pack");
    const packs = [{ ...pack, amountMicros: 60_000_000n }, ...others];
    book.wait(1n);
    book.catalogues.push({ ...book.catalogueAt(0n), packs, effectiveTime: book.now });
    expect(book.unchangedBy(() => book.purchase(SMALL, "payment:1"))).to.deep.equal([1n]);
    book.purchase(SMALL, "payment:2");
    expect(book.balance).to.equal("purchased 110 | available 110");
  });

  const refusals: readonly (readonly [title: string, reason: string, act: (book: PlanBook) => unknown])[] = [
    ["an unknown pack", "PACK_NOT_FOUND", (book) => book.purchase({ packId: "huge" }, "payment:2")],
    [
      "a payment with another pack",
      "REFERENCE_REUSED",
      (book) => book.purchase({ packId: "large" }, "payment:1"),
    ],
    [
      "a payment with an unknown pack",
      "REFERENCE_REUSED",
      (book) => book.purchase({ packId: "huge" }, "payment:1"),
    ],
    [
      "a payment with another amount",
      "REFERENCE_REUSED",
      (book) => book.purchase({ amountMicros: 1n }, "payment:1"),
    ],
    [
      "a grant's reference",
      "REFERENCE_REUSED",
      (book) => book.purchase({ amountMicros: 1_000_000n }, "gift"),
    ],
    ["a refund of what was not bought", "PURCHASE_NOT_FOUND", (book) => book.refundPurchase("gift")],
    ["a refund of nothing", "PURCHASE_NOT_FOUND", (book) => book.refundPurchase("payment:9")],
  ];
  for (const [title, reason, act] of refusals) {
    it(`R-GRANT-4, R-PLAN-9: ${title} is refused: ${reason}`, () => {
      const book = new PlanBook();
      book.purchase(SMALL, "payment:1");
      book.grant("PROMOTIONAL", 1, "gift");
      expect(book.refusalOf(() => act(book))).to.have.property("reason", reason);
    });
  }

  it("R-PLAN-9: without a unit price only packs can be bought", () => {
    const book = new PlanBook();
    book.catalogues.push({ ...book.catalogueAt(0n), unitPrice: undefined, effectiveTime: book.now });
    book.purchase(SMALL, "payment:1");
    const refusal = book.refusalOf(() => book.purchase({ amountMicros: 1n }, "payment:2"));
    expect(refusal).to.have.property("reason", "UNIT_PRICE_MISSING");
  });

  it("R-GRANT-5: a refund takes back what is free; repeating it changes nothing", () => {
    const book = new PlanBook();
    book.purchase(SMALL, "payment:1");
    book.charge("c", 20);
    expect(book.refundPurchase("payment:1")).to.deep.equal(["GRANT_VOID 30: payment:1 FREE>VOIDED 30"]);
    book.expectUnchanged(() => book.refundPurchase("payment:1"));
    const refusal = book.refusalOf(() => book.refundPurchase("payment:1", true));
    expect(refusal).to.have.property("reason", "GRANT_VOIDED");
  });

  it("R-GRANT-5: after a chargeback what was spent is owed, and the next cycle pays it", () => {
    const book = new PlanBook();
    book.subscribe("solo");
    book.on("2026-11-30");
    book.purchase(SMALL, "payment:1");
    book.charge("c", 130);
    book.refundPurchase("payment:1", true);
    expect(book.balance).to.equal("debt 30 | available -30");
    book.on("2026-12-01");
    expect(book.balance).to.equal("subscription 70 | available 70");
  });
});
