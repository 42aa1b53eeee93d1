import { expect } from "chai";
import { createCreditClient, refusalOf } from "pleyor-credits/client";
import { GrantKind } from "pleyor-credits/v1/grant";
import { createCreditClient as fromSource } from "../../src/client/client.ts";

describe("the package's exports", () => {
  it("give the client and the contract's types to other services", () => {
    expect(createCreditClient).to.equal(fromSource);
    expect(refusalOf(new Error("any"))).to.equal(undefined);
    expect(GrantKind.PURCHASED).to.equal(3);
  });
});
