import type { DescMessage } from "@bufbuild/protobuf";
import type { Answer } from "../service/receipt.ts";
import { fill, type Problem, ProblemError, type Reason } from "./problem.ts";
import type { AnyRefusal, FieldRow, ReasonRow, Scene } from "./refusal-row.ts";
import { REFUSALS } from "./refusal-table.ts";
import { fieldProblem } from "./violation.ts";

/** The value of an answer to a request, of this organization if of one; throws the problem that its refusal is. */
export function accepted<T>(
  answer: Answer<T, AnyRefusal>,
  { organizationId = "" }: Readonly<{ organizationId?: string }>,
  request: DescMessage,
): T {
  if (!("refusal" in answer)) return answer.value;
  // The time of this process only decides whether a grant that is shown has expired.
  const now = BigInt(Date.now()) * 1_000n;
  throw new ProblemError(refusalProblem(answer.refusal, { organizationId, request, now }));
}

export function refusalProblem(refusal: AnyRefusal, scene: Scene): Problem {
  // Each row is for the refusal of its own name, which the type of a looked-up row cannot say.
  const row = REFUSALS[refusal.reason] as ReasonRow<AnyRefusal> | FieldRow<AnyRefusal>;
  if ("field" in row) return fieldProblem(scene.request, row.field, row.explain(refusal));
  const metadata = row.metadata(refusal);
  const message = typeof row.message === "string" ? row.message : row.message(refusal);
  return {
    code: row.code,
    reason: refusal.reason as Reason,
    message: fill(message, metadata),
    metadata,
    details: row.detail ? [row.detail(refusal, scene)] : [],
  };
}
