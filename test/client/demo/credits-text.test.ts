import { expect } from "chai";
import fc from "fast-check";
import { creditsFromMicros, microsFromCredits } from "../../../demo/credits-text.ts";

describe("credits as decimal text", () => {
  const READ: readonly (readonly [text: string, micros: bigint])[] = [
    ["0", 0n],
    ["0.0", 0n],
    ["1", 1_000_000n],
    ["12.5", 12_500_000n],
    ["21.762", 21_762_000n],
    ["0.000001", 1n],
    ["007.10", 7_100_000n],
    // As a floating-point number this would be 4349999.999999999.
    ["4.35", 4_350_000n],
    ["999999999.999999", 999_999_999_999_999n],
    ["1000000000", 1_000_000_000_000_000n],
  ];
  for (const [text, micros] of READ) {
    it(`${text} is ${micros} microcredits`, () => {
      expect(microsFromCredits(text)).to.equal(micros);
    });
  }

  const REFUSED = [
    "",
    " ",
    "-1",
    "+1",
    ".5",
    "5.",
    "1.0000001",
    "1,5",
    "1e3",
    "0x10",
    "1 000",
    "1\n",
    "NaN",
    "Infinity",
    "1000000000.000001",
    "99999999999",
    "1.2.3",
    "١",
  ];
  for (const text of REFUSED) {
    it(`${JSON.stringify(text)} is not understood, rather than guessed`, () => {
      expect(microsFromCredits(text)).to.equal(undefined);
    });
  }

  const SHOWN: readonly (readonly [micros: bigint, text: string])[] = [
    [0n, "0.00"],
    [1n, "0.000001"],
    [500_000n, "0.50"],
    [21_762_000n, "21.762"],
    [1_000_000_000_000_000n, "1000000000.00"],
    [-1_500_000n, "-1.50"],
    [-1n, "-0.000001"],
  ];
  for (const [micros, text] of SHOWN) {
    it(`${micros} microcredits are shown as ${text}`, () => {
      expect(creditsFromMicros(micros)).to.equal(text);
    });
  }

  it("what is shown reads as the same amount", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), (micros) => {
        expect(microsFromCredits(creditsFromMicros(micros))).to.equal(micros);
      }),
    );
  });
});
