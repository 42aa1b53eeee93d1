import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  InvalidRateCardSchema,
  InvalidSettingsSchema,
  InvalidUsageSchema,
  MeasureFaultSchema,
  RateCardFaultSchema,
  SettingFaultSchema,
} from "../../../gen/pleyor/pricing/v1/refusal_pb.ts";
import type { RateCardFault } from "../../domain/pricing/model.ts";
import type { MeasureFault, SettingFault } from "../../domain/pricing/refusal.ts";
import { type Detail, detail } from "../problem.ts";

/** Errors travel in HTTP/2 trailers, of which common clients take 8 KB: base64, the message and the rest fit beside. */
const FAULT_BYTES_MAX = 2_500;
/** A problem may list all values that a schema allows. */
const PROBLEM_LENGTH_MAX = 400;

export function invalidSettings(modelId: string, faults: readonly SettingFault[]): Detail {
  return detail(InvalidSettingsSchema, { modelId, faults: fitting(SettingFaultSchema, faults) });
}

export function invalidUsage(modelId: string, faults: readonly MeasureFault[]): Detail {
  return detail(InvalidUsageSchema, { modelId, faults: fitting(MeasureFaultSchema, faults) });
}

export function invalidRateCard(faults: readonly RateCardFault[]): Detail {
  return detail(InvalidRateCardSchema, { faults: fitting(RateCardFaultSchema, faults) });
}

export function shortened(problem: string): string {
  return problem.length > PROBLEM_LENGTH_MAX ? `${problem.slice(0, PROBLEM_LENGTH_MAX)}...` : problem;
}

/** As many as fit, from the first one on: who mends those is told the next. */
function fitting<Desc extends DescMessage, Fault extends MessageInitShape<Desc> & { problem: string }>(
  schema: Desc,
  faults: readonly Fault[],
): MessageInitShape<Desc>[] {
  let bytes = 0;
  const short = faults.map((fault) => ({ ...fault, problem: shortened(fault.problem) }));
  const end = short.findIndex((fault, index) => {
    bytes += toBinary(schema, create(schema, fault as MessageInitShape<Desc>)).length;
    return index > 0 && bytes > FAULT_BYTES_MAX;
  });
  return (end < 0 ? short : short.slice(0, end)) as MessageInitShape<Desc>[];
}
