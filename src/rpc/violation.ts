import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { type Path, parsePath, pathToString } from "@bufbuild/protobuf/reflect";
import { Violation, violationToProto } from "@bufbuild/protovalidate";
import { type Violations, ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import { detail, type Problem } from "./problem.ts";

/**
 * Errors travel in HTTP/2 trailers. Common clients take 8 KB of those, and a
 * batch may break a rule a thousand times: who mends the first is told the next.
 */
const VIOLATION_BYTES_MAX = 2_000;
const NAMED_IN_MESSAGE_MAX = 5;
/** Keys of maps are the caller's, and of any length until they have been validated. */
const KEY_LENGTH_MAX = 100;

/** Fields that break the rules written beside them. */
export function violationsProblem(violations: readonly Violation[]): Problem {
  const lines = violations.slice(0, NAMED_IN_MESSAGE_MAX).map((violation) => {
    const name = fieldOf(violation);
    return name === "" ? violation.message : `${name}: ${violation.message}`;
  });
  const field = violations[0] ? fieldOf(violations[0]) : "";
  const more = violations.length > lines.length ? ["and more"] : [];
  return {
    code: Code.INVALID_ARGUMENT,
    reason: "INVALID_REQUEST",
    message: [...lines, ...more].join("; "),
    metadata: field === "" ? {} : { field },
    details: [detail(ViolationsSchema, toProtoViolations(violations))],
  };
}

/** One field that breaks a rule which only the service can judge. */
export function fieldProblem(request: DescMessage, field: string, message: string): Problem {
  return violationsProblem([new Violation(message, "", parsePath(request, field), [], false)]);
}

/** A request that breaks a rule as a whole, as one that names nothing to do. */
export function requestProblem(message: string): Problem {
  return violationsProblem([new Violation(message, "", [], [], false)]);
}

function toProtoViolations(violations: readonly Violation[]): Violations {
  const fitting = create(ViolationsSchema);
  let bytes = 0;
  for (const { message, ruleId, field, rule, forKey } of violations) {
    const [violation, desc] = violationToProto(new Violation(message, ruleId, cut(field), rule, forKey));
    bytes += toBinary(desc, violation).length;
    if (bytes > VIOLATION_BYTES_MAX) break;
    fitting.violations.push(violation);
  }
  return fitting;
}

function fieldOf({ field }: Violation): string {
  return pathToString(cut(field));
}

/** The path, as far as it can be shown: up to a map's key that is too long. */
function cut(path: Path): Path {
  const end = path.findIndex(
    (part) => part.kind === "map_sub" && typeof part.key === "string" && part.key.length > KEY_LENGTH_MAX,
  );
  return end < 0 ? path : path.slice(0, end);
}
