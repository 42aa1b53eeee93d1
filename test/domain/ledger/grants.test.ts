import { expect } from "chai";
import type { GrantKind } from "../../../src/domain/ledger/grant.ts";
import { compareSpendOrder, grantState } from "../../../src/domain/ledger/grant.ts";
import { DAY, MINUTE } from "../../../src/domain/time.ts";
import { Book, START } from "../support/book.ts";

describe("granting", () => {
  const kinds: readonly (readonly [kind: GrantKind, expireTime: bigint | undefined, balance: string])[] = [
    ["SUBSCRIPTION", START + DAY, "subscription 2 | available 2"],
    ["PROMOTIONAL", START + DAY, "promotional 2 | available 2"],
    ["PROMOTIONAL", undefined, "promotional 2 | available 2"],
    ["PURCHASED", undefined, "purchased 2 | available 2"],
  ];
  for (const [kind, expireTime, balance] of kinds) {
    it(`R-GRANT-1: ${kind} ${expireTime ? "that expires" : "for ever"} counts at once`, () => {
      const book = new Book();
      book.wait(MINUTE);
      expect(book.grant(kind, 2, "g", expireTime)).to.deep.equal(["GRANT 2: g OUTSIDE>FREE 2"]);
      expect(book.balance).to.equal(balance);
      expect(book.grantNamed("g")).to.deep.include({
        kind,
        amountMicros: 2_000_000n,
        freeMicros: 2_000_000n,
        createTime: START + MINUTE,
        expireTime,
        reference: "g",
        version: 1n,
        voided: false,
      });
      expect(book.reserve("r", 2)).to.deep.equal(["RESERVE 2: g FREE>HELD 2"]);
    });
  }

  for (const [title, expireTime] of [
    ["now", START + MINUTE],
    ["before", START],
  ] as const) {
    it(`R-GRANT-1: an expiry that is ${title} is refused`, () => {
      const book = new Book();
      book.wait(MINUTE);
      const refusal = book.refusalOf(() => book.grant("PROMOTIONAL", 2, "g", expireTime));
      expect(refusal).to.deep.equal({ reason: "EXPIRE_TIME_PASSED", expireTime, now: START + MINUTE });
      expect(book.ledger.account.version).to.equal(0n);
    });
  }

  it("R-GRANT-2: by kind, then earliest expiry with never last, then oldest, then id", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "bought first");
    book.grant("PURCHASED", 1, "bought second");
    book.grant("PROMOTIONAL", 1, "gift for ever");
    book.grant("PROMOTIONAL", 1, "gift for two days", START + 2n * DAY);
    book.wait(1n);
    book.grant("PROMOTIONAL", 1, "gift for a day, younger", START + DAY);
    book.grant("SUBSCRIPTION", 1, "cycle", START + 30n * DAY);
    book.wait(1n);
    book.grant("PROMOTIONAL", 1, "gift for a day, youngest", START + DAY);
    const order = [
      "cycle",
      "gift for a day, younger",
      "gift for a day, youngest",
      "gift for two days",
      "gift for ever",
      "bought first",
      "bought second",
    ];
    expect(book.charge("c", 7)).to.deep.equal([
      `CHARGE 7: ${order.map((name) => `${name} FREE>CONSUMED 1`).join(", ")}`,
    ]);
  });

  it("R-GRANT-2: the older one goes first whatever its id, and only of the same age the id decides", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "p");
    const grant = book.grantNamed("p");
    const older = { ...grant, grantId: "f", createTime: START - 1n };
    const [first, second] = [
      { ...grant, grantId: "a" },
      { ...grant, grantId: "b" },
    ];
    expect([second, first, older].sort(compareSpendOrder)).to.deep.equal([older, first, second]);
  });

  it("R-GRANT-3: a grant counts until one microsecond before its expiry, and from then on no more", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 2, "gift", START + DAY);
    expect(book.at(START + DAY - 1n)).to.deep.equal([]);
    book.charge("c", 1);
    expect(book.at(START + DAY)).to.deep.equal(["GRANT_EXPIRY 1: gift FREE>EXPIRED 1"]);
    expect(book.grants).to.deep.equal({ gift: "consumed 1, expired 1" });
    expect(book.refusalOf(() => book.charge("d", 1n))).to.include({ availableMicros: 0n });
  });

  it("R-GRANT-3: of an expired grant the held part counts on, and is no longer available", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 3, "cycle", START + MINUTE);
    book.reserve("r", 2);
    book.at(START + MINUTE);
    expect(book.balance).to.equal("subscription 2, reserved 2 | available 0");
  });

  it("R-GRANT-3: a grant that has nothing free when its time comes expires without a transaction", () => {
    const book = new Book();
    book.grant("SUBSCRIPTION", 2, "cycle", START + MINUTE);
    book.charge("c", 1);
    book.reserve("r", 1);
    expect(book.at(START + MINUTE)).to.deep.equal([]);
    book.settle("r", 1);
    expect(grantState(book.grantNamed("cycle"), book.now), "though all of it was consumed").to.equal(
      "EXPIRED",
    );
  });

  it("R-GRANT-4: a reference grants once: the same kind and amount give the earlier grant back", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 2, "change:7", START + DAY);
    book.charge("c", 2);
    const again = () => book.asRequest("q", () => book.grant("PROMOTIONAL", 2, "change:7"));
    expect(book.unchangedBy(again)).to.deep.equal([1n]);
    book.wait(2n * DAY);
    expect(
      book.unchangedBy(() => book.grant("PROMOTIONAL", 2, "change:7", START + DAY)),
      "expired",
    ).to.eql([1n]);
    expect(book.ledger.requests.has("q")).to.equal(false);
  });

  for (const [title, kind, amount] of [
    ["amount", "PROMOTIONAL", 2_000_001n],
    ["kind", "PURCHASED", 2],
  ] as const) {
    it(`R-GRANT-4: a reference with another ${title} is refused with the earlier grant, even a void one`, () => {
      const book = new Book();
      book.grant("PROMOTIONAL", 2, "g");
      book.void("g");
      expect(book.refusalOf(() => book.grant(kind, amount, "g"))).to.deep.equal({
        reason: "REFERENCE_REUSED",
        grant: book.grantNamed("g"),
      });
    });
  }

  it("R-GRANT-6: paying debt is consumption of the paying grant", () => {
    const book = new Book();
    book.grant("PURCHASED", 1, "first");
    book.charge("c", 3, true);
    expect(book.grant("PURCHASED", 5, "second")).to.deep.equal([
      "GRANT 5: second OUTSIDE>FREE 5, second FREE>DEBT #2 2",
    ]);
    expect(book.grants).to.deep.equal({ first: "consumed 1", second: "free 3, consumed 2" });
    expect(book.balance).to.equal("purchased 3 | available 3");
  });

  it("R-GRANT-6: a grant's state is where its credits are and what became of it", () => {
    const book = new Book();
    book.grant("PROMOTIONAL", 2, "g", START + DAY);
    const state = () => grantState(book.grantNamed("g"), book.now);
    expect(state()).to.equal("ACTIVE");
    book.reserve("r", 2, 2n * DAY);
    expect(state(), "all held").to.equal("ACTIVE");
    book.at(START + DAY);
    expect(state()).to.equal("EXPIRED");
    book.void("g");
    expect(state()).to.equal("VOIDED");
    book.grant("PURCHASED", 1, "p");
    book.charge("c", 1);
    expect(grantState(book.grantNamed("p"), book.now)).to.equal("SPENT");
  });
});
