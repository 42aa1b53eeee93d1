import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import type { Problem } from "./problem.ts";
import { violationsProblem } from "./violation.ts";

/** Checks messages by the rules that the contract has beside their fields. */
export class Validation {
  readonly #validator = createValidator({ regexMatch: matches });

  /** Compiles the rules of these messages, so that no call waits for it and no bad rule waits for a call. */
  constructor(schemas: readonly DescMessage[]) {
    for (const schema of schemas) {
      const { kind, error } = this.#validator.validate(schema, create(schema));
      if (kind === "error") throw error;
    }
  }

  /** Why the message is refused; undefined if it is not. */
  problemOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Problem | undefined {
    const result = this.#validator.validate(schema, message);
    if (result.kind === "error") throw result.error;
    return result.kind === "invalid" ? violationsProblem(result.violations) : undefined;
  }
}

const patterns = new Map<string, RegExp>();

/**
 * Node's own engine instead of RE2 in JavaScript, which took 14 us of a call's 18 for validation. It could be made to
 * take exponential time by a pattern; those of the contract are one class of characters each, as a test checks.
 */
function matches(pattern: string, text: string): boolean {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known.test(text);
}
