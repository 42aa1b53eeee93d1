import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { DoorsUnderTest } from "./doors-under-test.ts";

const low = { name: "low", amountMicros: "20000000" };

/** Thresholds that no organization can have, and the field that is named. */
const BAD: Readonly<Record<string, readonly [thresholds: readonly object[], field: string]>> = {
  "a negative amount": [[{ name: "low", amountMicros: "-1" }], "thresholds[0].amount_micros"],
  "more than 10^15": [[{ name: "low", amountMicros: "1000000000000001" }], "thresholds[0].amount_micros"],
  "a share of nothing": [[{ name: "low", shareBasisPoints: 0 }], "thresholds[0].share_basis_points"],
  "a share above 100%": [[{ name: "low", shareBasisPoints: 10_001 }], "thresholds[0].share_basis_points"],
  "no level": [[{ name: "low" }], "thresholds[0].level"],
  "no name": [[{ amountMicros: "1" }], "thresholds[0].name"],
  "a name with a space": [[{ name: "very low", amountMicros: "1" }], "thresholds[0].name"],
  "one name twice": [[low, { name: "low", amountMicros: "1" }], "thresholds"],
  "one amount twice": [[low, { ...low, name: "critical" }], "thresholds"],
  "one share twice": [
    [
      { name: "low", shareBasisPoints: 500 },
      { name: "critical", shareBasisPoints: 500 },
    ],
    "thresholds",
  ],
  "a negative margin": [[{ ...low, rearmMarginMicros: "-1" }], "thresholds[0].rearm_margin_micros"],
  "a margin above 100%": [
    [{ ...low, rearmMarginBasisPoints: 10_001 }],
    "thresholds[0].rearm_margin_basis_points",
  ],
  "eleven of them": [
    Array.from({ length: 11 }, (_, index) => ({ name: `t${index}`, amountMicros: String(index) })),
    "thresholds",
  ],
};

describe("R-WATCH-2: thresholds that are refused", () => {
  let doors: DoorsUnderTest;

  before(async () => {
    doors = await new DoorsUnderTest().open();
  });
  after(() => doors.close());

  for (const [title, [thresholds, field]] of Object.entries(BAD)) {
    it(`${title}, by the name of the field`, async () => {
      const response = await fetch(`${doors.httpUrl}/pleyor.credits.v1.AlertService/SetAlertThresholds`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ organizationId: "acme", requestId: randomUUID(), thresholds }),
      });
      const answer = (await response.json()) as { code: string; details: { debug: object }[] };
      expect(answer.code).to.equal("invalid_argument");
      expect(answer.details[0]?.debug).to.deep.include({ reason: "INVALID_REQUEST", metadata: { field } });
      expect(doors.ledger.applied).to.deep.equal([]);
    });
  }
});
