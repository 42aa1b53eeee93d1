import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { patternOf } from "./pattern.ts";
import type { Problem } from "./problem.ts";
import { isSurelyValid } from "./quick-check.ts";
import { violationsProblem } from "./violation.ts";

/** Checks messages by the rules that the contract has beside their fields. */
export class Validation {
  readonly #validator = createValidator({
    regexMatch: (pattern, text) => patternOf(pattern).test(text),
  });

  /** Compiles the rules of these messages, so that no call waits for it and no bad rule waits for a call. */
  constructor(schemas: readonly DescMessage[]) {
    for (const schema of schemas) {
      const { kind, error } = this.#validator.validate(schema, create(schema));
      if (kind === "error") throw error;
      isSurelyValid(schema, create(schema));
    }
  }

  /** Why the message is refused; undefined if it is not. */
  problemOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Problem | undefined {
    if (isSurelyValid(schema, message)) return undefined;
    const result = this.#validator.validate(schema, message);
    if (result.kind === "error") throw result.error;
    return result.kind === "invalid" ? violationsProblem(result.violations) : undefined;
  }
}
