import { expect } from "chai";
import { QUOTE_SPAN, RateCardBook } from "../../../src/domain/pricing/rate-card-book.ts";

const at = (version: bigint, effectiveTime: bigint) => ({
  version,
  effectiveTime,
  publishTime: 0n,
  publisher: "",
  title: "",
  modelCount: 1,
});
/** Version 3 takes effect before version 2, and 4 with it. */
const BOOK = new RateCardBook([at(1n, 100n), at(2n, 10n ** 12n), at(3n, 500n), at(4n, 10n ** 12n)]);

describe("the book of rate cards", () => {
  for (const [now, version] of [
    [99n, undefined],
    [100n, 1n],
    [499n, 1n],
    [500n, 3n],
    [10n ** 12n - 1n, 3n],
    [10n ** 12n, 4n],
  ] as const) {
    it(`prices by version ${version} at ${now} (R-PRICE-1)`, () => {
      expect(BOOK.current(now)?.version).to.equal(version);
    });
  }

  it("tells the state of each", () => {
    const states = BOOK.versions.map((version) => `${version.version} ${BOOK.state(version, 600n)}`);
    expect(states).to.deep.equal(["4 SCHEDULED", "3 CURRENT", "2 SCHEDULED", "1 SUPERSEDED"]);
  });

  it("holds a quoted price for 15 minutes after it was superseded, and no longer (R-PRICE-4)", () => {
    const end = 500n + QUOTE_SPAN;
    expect(BOOK.quoted(1n, end - 1n)).to.have.property("version", 1n);
    expect(BOOK.quoted(1n, end)).to.deep.equal({
      refusal: { reason: "RATE_CARD_STALE", version: 1n, currentVersion: 3n, supersedeTime: 500n },
    });
  });

  it("quotes no price that is not in effect yet", () => {
    expect(BOOK.quoted(4n, 600n)).to.have.nested.property("refusal.reason", "RATE_CARD_STALE");
  });

  it("quotes the current card where none is named", () => {
    expect(BOOK.quoted(undefined, 600n)).to.have.property("version", 3n);
  });

  it("knows no card that was never published, and none before the first", () => {
    expect(BOOK.quoted(9n, 600n)).to.deep.equal({ refusal: { reason: "RATE_CARD_NOT_FOUND", version: 9n } });
    expect(BOOK.quoted(undefined, 1n)).to.have.nested.property("refusal.reason", "RATE_CARD_NOT_FOUND");
  });
});
