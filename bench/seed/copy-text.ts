import type { BulkColumn } from "../../src/storage/bulk.ts";
import { toRowTime } from "../../src/storage/timestamp.ts";

/** A value of a row as COPY reads it: one text, or nothing. */
export type CopyColumn<Row> = Readonly<{ name: string; text: (row: Row) => string | null }>;

const NULL = "\\N";
const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The columns of a multi-row insert, for COPY: the same values, without the arrays. */
export function copyColumns<Row>(columns: readonly BulkColumn<Row>[]): readonly CopyColumn<Row>[] {
  return columns.map(({ name, array, value }) => ({
    name,
    text: (row) => {
      const scalar = value(row);
      if (scalar === null) return null;
      if (array === "timestamptz") return toRowTime(BigInt(scalar));
      return array === "bytea" ? `\\x${scalar}` : String(scalar);
    },
  }));
}

/** A row in COPY's text format. */
export function copyLine<Row>(columns: readonly CopyColumn<Row>[], row: Row): string {
  return `${columns.map(({ text }) => field(text(row))).join("\t")}\n`;
}

function field(text: string | null): string {
  if (text === null) return NULL;
  return SPECIAL.test(text) ? text.replaceAll(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? "") : text;
}
