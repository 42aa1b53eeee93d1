import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  type ApplyBatchRequest,
  type ApplyBatchResponse,
  ApplyBatchResponseSchema,
  type BatchOperation,
  BatchOperationSchema,
  type BatchResult,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import type { CallContext } from "./call.ts";
import type { ErrorMapping } from "./error-mapping.ts";
import { type Mutation, type MutationRequest, mutate } from "./mutation.ts";
import { chargeCredits, releaseReservation, reserveCredits, settleReservation } from "./mutations.ts";
import { type Problem, ProblemError } from "./problem.ts";
import { toProtoStatus } from "./problem-status.ts";
import type { Validation } from "./validation.ts";
import { fieldProblem } from "./violation.ts";

/** What an operation needs that a call gets from the runner. */
export type BatchParts = Readonly<{ validation: Validation; errorMapping: ErrorMapping }>;

type Result = BatchResult["result"];
type Perform = <Request extends DescMessage, Response>(
  mutation: Mutation<Request, Response>,
  request: MessageShape<Request> & MutationRequest,
) => Promise<Response>;

/**
 * Applies operations, each as the call that it stands for. All of them are given to the ledger, in their order,
 * before any is awaited: so those of one organization are applied in order, in as few transactions as there can
 * be, and one that repeats another of this batch is replayed from it.
 */
export async function applyBatch(
  ledger: CreditLedger,
  { operations }: ApplyBatchRequest,
  context: CallContext,
  { validation, errorMapping }: BatchParts,
): Promise<ApplyBatchResponse> {
  const perform: Perform = async (mutation, request) => {
    const problem = validation.problemOf(mutation.request, request);
    if (problem) throw new ProblemError(problem);
    try {
      return await mutate(ledger, mutation, request, context);
    } catch (error) {
      const asked = { method: "pleyor.credits.v1.CreditService/ApplyBatch", request: mutation.request };
      throw new ProblemError(errorMapping(error, asked));
    }
  };
  const results = await Promise.all(operations.map((operation) => resultOf(operation, perform)));
  return create(ApplyBatchResponseSchema, { results: results.map((result) => ({ result })) });
}

async function resultOf(operation: BatchOperation, perform: Perform): Promise<Result> {
  try {
    return await apply(operation, perform);
  } catch (error) {
    if (error instanceof ProblemError) return { case: "error", value: toProtoStatus(error.problem) };
    throw error;
  }
}

async function apply({ operation }: BatchOperation, perform: Perform): Promise<Result> {
  switch (operation.case) {
    case "reserve":
      return { case: "reserve", value: await perform(reserveCredits, operation.value) };
    case "settle":
      return { case: "settle", value: await perform(settleReservation, operation.value) };
    case "release":
      return { case: "release", value: await perform(releaseReservation, operation.value) };
    case "charge":
      return { case: "charge", value: await perform(chargeCredits, operation.value) };
    case undefined:
      throw new ProblemError(nothingToDo());
  }
}

function nothingToDo(): Problem {
  return fieldProblem(BatchOperationSchema, "operation", "must be one of reserve, settle, release, charge");
}
