import { expect } from "chai";
import { ArrayBytes } from "../../src/storage/array-bytes.ts";
import { type BulkColumn, bulkInsert } from "../../src/storage/bulk.ts";

type Row = Readonly<Record<string, number | null>>;

const columnsOf = (count: number): readonly BulkColumn<Row>[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `c${index}`,
    array: "bigint",
    value: (row) => row[`c${index}`] ?? null,
  }));

const bigints = (...values: readonly (number | null)[]): Buffer =>
  new ArrayBytes(100).write("bigint", values, (value) => value);

describe("an insert of many rows", () => {
  it("leaves out the columns in which no row has anything, and keeps a null beside a value", () => {
    const insert = bulkInsert("t", columnsOf(4), [
      { c0: 1, c2: 5 },
      { c0: 2, c2: null },
    ]);
    expect(insert?.sql).to.match(/^insert into t \(c0,c2\) /);
    expect(insert?.parameters).to.deep.equal([bigints(1, 2), bigints(5, null)]);
  });

  it("has one text for each selection of columns, and all of them when there are too many selections", () => {
    const columns = columnsOf(6);
    const selected = (number: number): Row =>
      Object.fromEntries(columns.flatMap(({ name }, index) => (number & (1 << index) ? [[name, 7]] : [])));
    const inserts = Array.from({ length: 63 }, (_, index) => bulkInsert("t", columns, [selected(index + 1)]));
    const texts = new Set(inserts.map((insert) => insert?.sql));
    expect(texts.size).to.equal(17);
    const [first, last] = [inserts[0], inserts.at(-2)];
    expect(first?.parameters).to.deep.equal([bigints(7)]);
    expect(last?.sql).to.match(/^insert into t \(c0,c1,c2,c3,c4,c5\) /);
    const seven = bigints(7);
    expect(last?.parameters).to.deep.equal([bigints(null), seven, seven, seven, seven, seven]);
    expect(bulkInsert("t", columns, [selected(1)])?.sql).to.equal(first?.sql);
  });
});
