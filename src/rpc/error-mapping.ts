import type { DescMessage } from "@bufbuild/protobuf";
import { v7 as uuid } from "uuid";
import { ServiceError } from "../service/service-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { crashProblem, faultProblem } from "./fault-problem.ts";
import { InvalidFieldError } from "./invalid-field.ts";
import { type Problem, ProblemError } from "./problem.ts";
import { fieldProblem } from "./violation.ts";

/** What was asked, for the errors that it may give. */
export type Asked = Readonly<{ method: string; request: DescMessage }>;

/** What to tell of an error that a handler threw. */
export type ErrorMapping = (error: unknown, asked: Asked) => Problem;

/** What is unexpected goes to the log with all of it, and to the caller as a number only. */
export function createErrorMapping(telemetry: Telemetry): ErrorMapping {
  return (error, { method, request }) => {
    if (error instanceof ProblemError) return error.problem;
    if (error instanceof ServiceError) return faultProblem(error);
    if (error instanceof InvalidFieldError) return fieldProblem(request, error.field, error.message);
    const errorId = uuid();
    telemetry.callCrashed({ method, errorId, error });
    return crashProblem(errorId);
  };
}
