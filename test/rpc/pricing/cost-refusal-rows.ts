import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code } from "@connectrpc/connect";
import {
  InvalidRateCardSchema,
  InvalidSettingsSchema,
  InvalidUsageSchema,
} from "../../../gen/pleyor/pricing/v1/refusal_pb.ts";
import { NOW } from "../../support/scripted-ledger.ts";

const MANY = Array.from({ length: 1_000 }, (_, index) => ({
  modelId: `model-${index}`,
  place: "lines.output.rate",
  problem: `-${index} is no decimal from 0 to 1000000000`,
}));

/** One row for each refusal of prices, as `error-table.test.ts` has them for all others. */
export const COST_REFUSAL_ROWS = {
  RATE_CARD_NOT_FOUND: {
    refusal: { version: 7n },
    code: Code.NotFound,
    metadata: { rate_card_version: "7" },
  },
  RATE_CARD_STALE: {
    refusal: { version: 7n, currentVersion: 8n, supersedeTime: NOW },
    code: Code.FailedPrecondition,
    metadata: {
      rate_card_version: "7",
      current_version: "8",
      supersede_time: "2026-11-01T10:00:00.000001Z",
    },
  },
  MODEL_NOT_FOUND: {
    refusal: { modelId: "gpt-5", version: 3n, itemIndex: 2, nodeId: "portrait" },
    code: Code.NotFound,
    metadata: { model_id: "gpt-5", rate_card_version: "3", item_index: "2", node_id: "portrait" },
  },
  SETTINGS_INVALID: {
    refusal: { modelId: "gpt-5", faults: [{ setting: "max_tokens", problem: "missing" }], itemIndex: 4 },
    code: Code.InvalidArgument,
    metadata: { model_id: "gpt-5", setting: "max_tokens", problem: "missing", item_index: "4" },
    detail: InvalidSettingsSchema,
    shown: { modelId: "gpt-5" },
  },
  USAGE_INVALID: {
    refusal: { modelId: "gpt-5", faults: [{ measure: "output_tokens", problem: "missing" }] },
    code: Code.InvalidArgument,
    metadata: { model_id: "gpt-5", measure: "output_tokens", problem: "missing" },
    detail: InvalidUsageSchema,
    shown: { modelId: "gpt-5" },
  },
  // So many that not all of them fit into an error.
  RATE_CARD_INVALID: {
    refusal: { faults: MANY },
    code: Code.InvalidArgument,
    metadata: {
      fault_count: "1000",
      model_id: "model-0",
      place: "lines.output.rate",
      problem: "-0 is no decimal from 0 to 1000000000",
    },
    detail: InvalidRateCardSchema,
  },
  EFFECTIVE_TIME_PASSED: {
    refusal: { effectiveTime: NOW - 1n, now: NOW },
    code: Code.InvalidArgument,
    reason: "INVALID_REQUEST",
    metadata: { field: "effective_time" },
    detail: ViolationsSchema,
  },
};
