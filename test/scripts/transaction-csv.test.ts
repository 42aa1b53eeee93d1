import { create } from "@bufbuild/protobuf";
import { expect } from "chai";
import { TransactionKind, TransactionSchema } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { CSV_HEADER, csvField, csvLine } from "../../scripts/transaction-csv.ts";

describe("transactions as CSV", () => {
  const FIELDS: readonly (readonly [text: string, field: string])[] = [
    ["", ""],
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["two\r\nlines", '"two\r\nlines"'],
    [" led by a space", '" led by a space"'],
    ["crédits 🪙", "crédits 🪙"],
  ];

  for (const [text, field] of FIELDS) {
    it(`writes ${JSON.stringify(text)} so that every reader reads it back`, () => {
      expect(csvField(text)).to.equal(field);
    });
  }

  it("has one field for each column, whatever a transaction lacks", () => {
    const columns = CSV_HEADER.trimEnd().split(",");
    expect(csvLine(create(TransactionSchema))).to.match(/\r\n$/);
    const line = csvLine(
      create(TransactionSchema, {
        organizationId: "acme",
        version: 2n,
        kind: TransactionKind.SETTLE,
        effectiveTime: { seconds: 1_793_491_200n, nanos: 1_000 },
        reference: 'for "bad", output',
        context: { runId: "run-1", labels: { team: "a" } },
        hash: new Uint8Array([1, 255]),
      }),
    );
    expect(line).to.include('"for ""bad"", output"').and.include('"{""team"":""a""}"');
    const plain = line
      .trimEnd()
      .replaceAll(/"(?:[^"]|"")*"/g, "quoted")
      .split(",");
    expect(plain).to.have.length(columns.length);
    const byName = Object.fromEntries(columns.map((name, index) => [name, plain[index]]));
    expect(byName).to.include({
      organization_id: "acme",
      version: "2",
      kind: "TRANSACTION_KIND_SETTLE",
      effective_time: "2026-11-01T00:00:00.000001Z",
      reference: "quoted",
      run_id: "run-1",
      movements: "",
      hash: "01ff",
    });
  });
});
