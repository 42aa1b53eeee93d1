/** A number as the table spells it, such as `1.25e-06`, so that no price goes through floating point. */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Value =
  | null
  | boolean
  | string
  | ExactNumber
  | readonly Value[]
  | { readonly [name: string]: Value };
/** What the table says about one model. */
export type Entry = { readonly [field: string]: Value };

/** Node passes the source text of every scalar; the type library does not know it yet. */
const parseExactly = JSON.parse as (
  text: string,
  reviver: (name: string, value: unknown, context: { source: string }) => unknown,
) => unknown;

/** Reads LiteLLM's table; its first entry, `sample_spec`, only documents the fields. */
export function readTable(text: string): ReadonlyMap<string, Entry> {
  const parsed = parseExactly(text, (_name, value, { source }) =>
    typeof value === "number" ? new ExactNumber(source) : value,
  ) as { [name: string]: Entry };
  return new Map(Object.entries(parsed).filter(([name]) => name !== "sample_spec"));
}

export function isEntry(value: Value | undefined): value is Entry {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

/** A number that counts something; undefined where the entry has none. */
export function countOf(value: Value | undefined): bigint | undefined {
  if (!(value instanceof ExactNumber)) return undefined;
  const count = Number(value.source);
  return Number.isSafeInteger(count) && count > 0 ? BigInt(count) : undefined;
}

export function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
