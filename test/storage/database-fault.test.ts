import { expect } from "chai";
import { CommittedError, type DatabaseFault, databaseFaultOf } from "../../src/storage/database-fault.ts";

const FAULTS: readonly [DatabaseFault | undefined, readonly string[]][] = [
  [
    "away",
    [
      "08006",
      "08P01",
      "28P01",
      "28000",
      "53300",
      "57P01",
      "57P02",
      "57P03",
      "40001",
      "40P01",
      "25P03",
      "25006",
      "26000",
      "42P05",
    ],
  ],
  ["away", ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND"]],
  ["locked", ["55P03"]],
  ["slow", ["57014"]],
  [undefined, ["23505", "23514", "22003", "42501", "42P01", "23001", "0800", "0A000", "ENOENT", ""]],
];

describe("database faults", () => {
  for (const [fault, codes] of FAULTS) {
    it(`${codes.join(", ")}: ${fault ?? "the work's own fault"}`, () => {
      for (const code of codes) {
        const error = Object.assign(new Error("it failed"), { code });
        expect(databaseFaultOf(error), code).to.equal(fault);
        expect(databaseFaultOf(new Error("wrapped", { cause: error })), `${code} as a cause`).to.equal(fault);
      }
    });
  }

  it("are none to try again after a commit, whatever was the cause", () => {
    const away = Object.assign(new Error("it failed"), { code: "08006" });
    expect(databaseFaultOf(new CommittedError(away))).to.equal("committed");
    expect(databaseFaultOf(new Error("wrapped", { cause: new CommittedError(away) }))).to.equal("committed");
  });

  it("are known by where PostgreSQL met them where the code is also that of others", () => {
    const message = "cached plan must not change result type";
    const error = Object.assign(new Error(message), { code: "0A000", routine: "RevalidateCachedQuery" });
    expect(databaseFaultOf(error)).to.equal("away");
    expect(databaseFaultOf(new Error("wrapped", { cause: error }))).to.equal("away");
  });

  it("are known by what node-postgres says where there is no code", () => {
    const messages = [
      "Connection terminated unexpectedly",
      "Connection terminated due to connection timeout",
      "timeout exceeded when trying to connect",
      "Cannot use a pool after calling end on the pool",
      "Client has encountered a connection error and is not queryable",
    ];
    for (const message of messages) expect(databaseFaultOf(new Error(message))).to.equal("away");
    for (const other of [new Error("R-BAL-5: time fell"), "08006", undefined, { code: "08006" }])
      expect(databaseFaultOf(other)).to.equal(undefined);
  });
});
