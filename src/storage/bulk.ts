import { CompiledQuery, type RawBuilder, sql } from "kysely";
import { ArrayBytes, type ArrayType, isNothing, type Scalar } from "./array-bytes.ts";
import type { Write } from "./pipeline.ts";

/**
 * One column of a multi-row statement. Its values travel as one array of the
 * `array` type; `cast` makes the column's own type of an element where the two differ.
 */
export type BulkColumn<Row> = Readonly<{
  name: string;
  array: ArrayType;
  cast?: "bigint[]";
  value: (row: Row) => Scalar;
}>;

/** A column that is updated; `isSet` says of which rows, absent: of all. */
export type UpdatedColumn<Row> = BulkColumn<Row> & Readonly<{ isSet?: (row: Row) => boolean }>;

type Columns<Row> = readonly BulkColumn<Row>[];

/**
 * Inserts all rows by one statement: the number of parameters does not grow with them. Columns in which none of them has
 * anything are left out: PostgreSQL would ask each for every row.
 */
export function bulkInsert<Row>(table: string, columns: Columns<Row>, rows: readonly Row[]): Write {
  if (rows.length === 0) return undefined;
  const arrays = arraysOf(columns, rows);
  const texts = insertTexts.get(columns) ?? new Map<string, string>();
  insertTexts.set(columns, texts);
  const selection = arrays.map((array) => (isNothing(array) ? "0" : "1")).join("");
  const key = texts.has(selection) || texts.size < SELECTIONS_MAX ? selection : ALL;
  const isIn = (_: unknown, index: number): boolean => key === ALL || selection[index] === "1";
  const text = texts.get(key) ?? insertText(table, columns.filter(isIn));
  texts.set(key, text);
  return CompiledQuery.raw(text, arrays.filter(isIn));
}

/**
 * Updates all rows by one statement, whose key columns say which. It fails where one of them is not there: a commit that
 * was sent behind it comes to nothing then.
 */
export function bulkUpdate<Row>(
  table: string,
  keys: Columns<Row>,
  columns: readonly UpdatedColumn<Row>[],
  rows: readonly Row[],
): Write {
  if (rows.length === 0) return undefined;
  const flags = columns.filter(({ isSet }) => isSet !== undefined);
  const all = [...keys, ...columns, ...flags.map(flagOf)];
  const sets = columns.map((column, index) => {
    const value = element(column, keys.length + index);
    if (column.isSet === undefined) return `${column.name} = ${value}`;
    const flag = `u.c${keys.length + columns.length + flags.indexOf(column)}`;
    return `${column.name} = case when ${flag} then ${value} else t.${column.name} end`;
  });
  const where = keys.map((key, index) => `t.${key.name} = ${element(key, index)}`);
  const update = `update ${table} t set ${sets} from (${selected(all)}) u where ${where.join(" and ")}`;
  const text = `with updated as (${update} returning 1)
    select require_rows('${table}', count(*), $${all.length + 1}::bigint) from updated`;
  return CompiledQuery.raw(text, [...arraysOf(all, rows), rows.length]);
}

/** The columns of an alias, spelled out, so that what selects them can be prepared. */
export function columnsOf<Row>(alias: string, columns: Columns<Row>): RawBuilder<unknown> {
  return sql.raw(columns.map(({ name }) => `${alias}.${name}`).join(", "));
}

/** About so many are needed, for an array's beginning and for a value; one that needs more gets memory of its own. */
const ARRAY_BYTES = 64;
const VALUE_BYTES = 28;

/** Each has a text, which is prepared: where batches differ more than that, all columns are written. */
const SELECTIONS_MAX = 16;
const ALL = "all";

/** Made once for each selection of columns: with forty of them it would take as long as the rest of a small batch. */
const insertTexts = new WeakMap<object, Map<string, string>>();

function insertText<Row>(table: string, columns: Columns<Row>): string {
  const names = columns.map(({ name }) => name);
  return `insert into ${table} (${names}) select ${columns.map(element)} from (${selected(columns)}) u`;
}

function flagOf<Row>({ name, isSet }: UpdatedColumn<Row>): BulkColumn<Row> {
  return { name, array: "boolean", value: (row) => isSet?.(row) ?? true };
}

/**
 * The elements of all arrays, side by side; those that are shorter are filled up with nulls. In a `select` they need not be
 * kept until all of them are read, as in a `from`.
 */
function selected<Row>(columns: Columns<Row>): string {
  return `select ${columns.map(({ array }, index) => `unnest($${index + 1}::${array}[]) c${index}`)}`;
}

function element<Row>({ cast }: BulkColumn<Row>, index: number): string {
  return cast === undefined ? `u.c${index}` : `u.c${index}::${cast}`;
}

function arraysOf<Row>(columns: Columns<Row>, rows: readonly Row[]): readonly Buffer[] {
  const bytes = new ArrayBytes(columns.length * (ARRAY_BYTES + rows.length * VALUE_BYTES));
  return columns.map(({ array, value }) => bytes.write(array, rows, value));
}
