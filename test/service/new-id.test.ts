import { expect } from "chai";
import { newId } from "../../src/service/new-id.ts";

describe("new ids", () => {
  it("R-GRANT-2: are UUIDs of version 7 that rise, as grants made together are spent; more of them than bytes are drawn for at a time", () => {
    const ids = Array.from({ length: 5_000 }, newId);
    for (const id of ids)
      expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).to.equal(5_000);
    expect(ids.toSorted()).to.deep.equal(ids);
  });

  it("rise while the clock is set back", () => {
    const before = newId();
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    try {
      expect(newId() > before).to.equal(true);
    } finally {
      Date.now = now;
    }
  });
});
