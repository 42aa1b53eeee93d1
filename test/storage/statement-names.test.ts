import { expect } from "chai";
import { CompiledQuery } from "kysely";
import { StatementNames } from "../../src/storage/statement-names.ts";

describe("the names of prepared statements", () => {
  const selectOf = (column: number) => CompiledQuery.raw(`select c${column} from t where k = $1`, [1]);

  it("are one for each text, and not more than a connection should keep", () => {
    const names = new StatementNames("test");
    const given = Array.from({ length: 150 }, (_, index) => names.nameOf(selectOf(index)));
    expect(new Set(given.slice(0, 100)).size).to.equal(100);
    expect(new Set(given.slice(100))).to.deep.equal(new Set([undefined]));
    expect(names.nameOf(selectOf(0))).to.equal(given[0]);
  });

  it("are not used up by what is never prepared: values in the text, or columns that are not spelled out", () => {
    const names = new StatementNames("test");
    for (let index = 0; index < 150; index += 1) {
      const withValue = CompiledQuery.raw(`delete from accounts where organization_id in ('$1 ${index}')`);
      const withStar = CompiledQuery.raw(`select d.* from t${index} d where k = $1`, [1]);
      expect([names.nameOf(withValue), names.nameOf(withStar)]).to.deep.equal([undefined, undefined]);
    }
    expect(names.nameOf(selectOf(0))).to.be.a("string");
  });
});
