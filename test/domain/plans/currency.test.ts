import { expect } from "chai";
import { isCurrency } from "../../../src/domain/plans/currency.ts";

/** Withdrawn since 2022, but still known to the platform; and what is no money of a place. */
const LEFT_OUT = ["ANG", "BGN", "CUC", "HRK", "SLL", "XDR", "XSU", "ZWL"];
/** The Venezuelan digital bolívar, which the platform does not know. */
const UNKNOWN_TO_PLATFORM = ["VED"];

describe("currencies", () => {
  it("R-PLAN-11: are those of ISO 4217: what the platform knows, but for withdrawn ones and units of account", () => {
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
    const all = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => `${a}${b}${c}`)));
    const known = Intl.supportedValuesOf("currency").filter((code) => !LEFT_OUT.includes(code));
    expect(all.filter(isCurrency)).to.deep.equal([...known, ...UNKNOWN_TO_PLATFORM].sort());
  });

  for (const code of ["", "ABC", "ZZZ", "eur", "EUR ", "EURO", "€", "XAU", "XTS", "constructor"]) {
    it(`R-PLAN-11: ${JSON.stringify(code)} is none`, () => {
      expect(isCurrency(code)).to.equal(false);
    });
  }
});
