import { create } from "@bufbuild/protobuf";
import { Code } from "../../gen/google/rpc/code_pb.ts";
import {
  AdvanceTestClockRequestSchema,
  AdvanceTestClockResponseSchema,
  GetTestClockResponseSchema,
  type TestClockService,
} from "../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import type { Time } from "../domain/time.ts";
import type { Answer } from "../service/receipt.ts";
import type { TestClockRefusal, TestClocks } from "../service/test-clocks.ts";
import { fromProtoTimestamp, toProtoTimestamp, toText } from "./convert-time.ts";
import type { Handlers } from "./endpoint.ts";
import { fill, type Problem, ProblemError } from "./problem.ts";
import { fieldProblem } from "./violation.ts";

/** Only for servers that were started with test clocks. */
export function testClockHandlers(clocks: TestClocks): Handlers<typeof TestClockService> {
  return {
    advanceTestClock: async ({ organizationId, clockTime: asked }) => {
      if (!asked) throw new Error("a clock without a time passed validation");
      const time = fromProtoTimestamp(asked, "clock_time");
      const clockTime = toProtoTimestamp(timeIn(await clocks.advance(organizationId, time)));
      return create(AdvanceTestClockResponseSchema, { clockTime });
    },
    getTestClock: async ({ organizationId }) => {
      const clockTime = toProtoTimestamp(timeIn(await clocks.get(organizationId)));
      return create(GetTestClockResponseSchema, { clockTime });
    },
  };
}

function timeIn(answer: Answer<Time, TestClockRefusal>): Time {
  if ("refusal" in answer) throw new ProblemError(testClockProblem(answer.refusal));
  return answer.value;
}

function testClockProblem(refusal: TestClockRefusal): Problem {
  if (refusal.reason === "TEST_CLOCK_OUT_OF_RANGE") {
    const range = `from ${toText(refusal.earliest)} to ${toText(refusal.latest)}`;
    const explanation = `must lie ${range}: a clock only goes forward; ${toText(refusal.time)} does not`;
    return fieldProblem(AdvanceTestClockRequestSchema, "clock_time", explanation);
  }
  const metadata = { organization_id: refusal.organizationId };
  const message = fill("organization {organization_id} has no test clock", metadata);
  return { code: Code.NOT_FOUND, reason: "TEST_CLOCK_NOT_FOUND", message, metadata, details: [] };
}
