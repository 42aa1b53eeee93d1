import { expect } from "chai";
import { NO_USAGE } from "../../../src/domain/usage/usage.ts";
import { UsageFingerprint } from "../../../src/domain/usage/usage-fingerprint.ts";
import { keyedWeights } from "../../../src/service/usage/keyed-weights.ts";

const USED = { calls: 2n, lateCalls: 1n, settledMicros: 10n ** 15n, refundedMicros: 7n };

describe("R-HIST-4: the fingerprint of rows", () => {
  it("is nothing once the rows that were added in parts are taken away, in any order", () => {
    const fingerprint = new UsageFingerprint(keyedWeights());
    for (const name of ["a", "b", "a"]) fingerprint.add(name, USED);
    fingerprint.take("b", USED);
    const twice = { calls: 4n, lateCalls: 2n, settledMicros: 2n * 10n ** 15n, refundedMicros: 14n };
    expect(fingerprint.isNothing).to.equal(false);
    fingerprint.take("a", twice);
    expect(fingerprint.isNothing).to.equal(true);
  });

  for (const [what, name, sums] of [
    ["one microcredit", "a", { ...USED, settledMicros: USED.settledMicros + 1n }],
    ["what two sums exchanged", "a", { ...USED, calls: 1n, lateCalls: 2n }],
    ["half of what a weight could be", "a", { ...USED, refundedMicros: 7n + 2n ** 63n }],
    ["the name", "b", USED],
  ] as const) {
    it(`is not where ${what} differs`, () => {
      const fingerprint = new UsageFingerprint(keyedWeights());
      fingerprint.add("a", USED);
      fingerprint.take(name, sums);
      expect(fingerprint.isNothing).to.equal(false);
    });
  }

  it("is not where a row without any use is stored", () => {
    const fingerprint = new UsageFingerprint(keyedWeights());
    fingerprint.take("a", NO_USAGE);
    expect(fingerprint.isNothing).to.equal(false);
  });
});
