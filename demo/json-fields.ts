import { CREDITS_TEXT, microsFromCredits } from "./credits-text.ts";

/** A field of a JSON document is not what it should be. Its message names the field. */
export class FieldError extends Error {
  override name = "FieldError";

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

/** Ids as the service takes them. */
const ID = /^[A-Za-z0-9_.:/@-]{1,128}$/;

/** One JSON object, whose fields are read by name and type. */
export class JsonFields {
  readonly path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** Every field must be one of `known` or `comment`, so that a misspelled one is not silently left out. */
  constructor(value: unknown, path: string, known: readonly string[]) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FieldError(path || "the file", "should be a JSON object");
    }
    this.path = path;
    this.#fields = { ...value };
    const unknown = Object.keys(value).find((name) => name !== "comment" && !known.includes(name));
    if (unknown !== undefined) {
      throw new FieldError(this.pathOf(unknown), `is none of ${known.join(", ")}`);
    }
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string" || value === "") {
      throw this.wrong(name, "should be text");
    }
    return value;
  }

  id(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string" || !ID.test(value)) {
      throw this.wrong(name, "should be 1 to 128 of letters, digits and -_.:/@");
    }
    return value;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const choice = choices.find((each) => each === this.#fields[name]);
    if (choice === undefined) {
      throw this.wrong(name, `should be one of ${choices.join(", ")}`);
    }
    return choice;
  }

  /** In microcredits. */
  credits(name: string): bigint {
    const value = this.#fields[name];
    const micros = typeof value === "string" ? microsFromCredits(value) : undefined;
    if (micros === undefined) {
      throw this.wrong(name, `should be ${CREDITS_TEXT}`);
    }
    return micros;
  }

  /** As `credits`, but zero is refused. */
  creditsAboveZero(name: string): bigint {
    const micros = this.credits(name);
    if (micros === 0n) {
      throw this.wrong(name, "should be above zero");
    }
    return micros;
  }

  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number {
    const value = this.#fields[name];
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw this.wrong(name, `should be a whole number from ${min} to ${max}`);
    }
    return value;
  }

  object(name: string, known: readonly string[]): JsonFields {
    return new JsonFields(this.#fields[name], this.pathOf(name), known);
  }

  objects(name: string, known: readonly string[]): readonly JsonFields[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || value.length === 0) {
      throw this.wrong(name, "should be a list of at least one");
    }
    return value.map((item, index) => new JsonFields(item, `${this.pathOf(name)}[${index}]`, known));
  }

  /** An object of any names with plain values, each as text. */
  labels(name: string): Readonly<Record<string, string>> {
    const value = this.#fields[name] ?? {};
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.wrong(name, "should be a JSON object");
    }
    const entries = Object.entries(value);
    const nested = entries.find(([, each]) => !["string", "number", "boolean"].includes(typeof each));
    if (nested !== undefined) {
      const [key, given] = nested;
      throw new FieldError(
        this.pathOf(`${name}.${key}`),
        `is ${JSON.stringify(given)}, but should be text, a number, true or false`,
      );
    }
    return Object.fromEntries(entries.map(([key, each]) => [key, String(each)]));
  }

  wrong(name: string, problem: string): FieldError {
    const value = this.#fields[name];
    const given = value === undefined ? "is missing" : `is ${JSON.stringify(value)}`;
    return new FieldError(this.pathOf(name), `${given}, but ${problem}`);
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}
