import { create } from "@bufbuild/protobuf";
import {
  EstimateSchema,
  type Estimate as ProtoEstimate,
  type RunEstimate as ProtoRunEstimate,
  RunEstimateSchema,
} from "../../../gen/pleyor/pricing/v1/estimate_pb.ts";
import { QUANTITY_LIMITS, writeDecimal } from "../../domain/pricing/decimal.ts";
import type { Estimate, EstimateLine } from "../../domain/pricing/estimate.ts";
import type { JsonObject } from "../../domain/pricing/model.ts";
import type { Call, RunEstimate } from "../../domain/pricing/priced-rate-card.ts";
import type { Ratio } from "../../domain/pricing/ratio.ts";
import { fromProtoSettings } from "../convert-model-call.ts";

/** How many digits behind the point a line's share is shown with. */
const CREDIT_DIGITS = 12;

type ProtoCall = Readonly<{
  modelId: string;
  settings?: JsonObject | undefined;
  knownUsage: Readonly<Record<string, string>>;
}>;

/** `place` is where the call is in its request, with the dot after it, for errors to name. */
export function fromProtoCall({ modelId, settings, knownUsage }: ProtoCall, place: string): Call {
  return {
    modelId,
    settings: fromProtoSettings(settings, `${place}settings`),
    known: new Map(Object.entries(knownUsage)),
  };
}

export function toProtoEstimate(estimate: Estimate, version: bigint): ProtoEstimate {
  const { modelId, minimumMicros, expectedMicros, maximumMicros, lines, settings } = estimate;
  return create(EstimateSchema, {
    modelId,
    rateCardVersion: version,
    minimumMicros,
    expectedMicros,
    maximumMicros,
    lines: lines.map(toProtoEstimateLine),
    settings: Object.fromEntries(settings),
  });
}

/** `nodeIds` in the order of the run's calls. */
export function toProtoRunEstimate(run: RunEstimate, nodeIds: readonly string[]): ProtoRunEstimate {
  const { version, estimates, minimumMicros, expectedMicros, maximumMicros } = run;
  return create(RunEstimateSchema, {
    rateCardVersion: version,
    nodes: estimates.map((estimate, index) => ({
      nodeId: nodeIds[index] ?? "",
      estimate: toProtoEstimate(estimate, version),
    })),
    minimumMicros,
    expectedMicros,
    maximumMicros,
  });
}

function toProtoEstimateLine({ line: { name, title }, minimum, expected, maximum }: EstimateLine) {
  return {
    name,
    title,
    minimumQuantity: writeQuantity(minimum.quantity),
    expectedQuantity: writeQuantity(expected.quantity),
    maximumQuantity: writeQuantity(maximum.quantity),
    minimumCredits: writeDecimal(minimum.credits, CREDIT_DIGITS),
    expectedCredits: writeDecimal(expected.credits, CREDIT_DIGITS),
    maximumCredits: writeDecimal(maximum.credits, CREDIT_DIGITS),
  };
}

/** A line's quantity is a product, which has as many digits as its parts together. */
function writeQuantity(quantity: Ratio): string {
  return writeDecimal(quantity, QUANTITY_LIMITS.fractionDigitsMax * 4);
}
