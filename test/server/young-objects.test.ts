import { execFileSync } from "node:child_process";
import { expect } from "chai";

describe("keeping new objects young", () => {
  // One that V8 does not know is printed at each start, and does nothing.
  it("is by a setting that this V8 has", () => {
    const options = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
    expect(options).to.match(/^\s+--allocation-site-pretenuring\b/m);
  });
});
