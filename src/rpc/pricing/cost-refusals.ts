import { Code } from "../../../gen/google/rpc/code_pb.ts";
import type { CostRefusal, PublishRefusal } from "../../domain/pricing/refusal.ts";
import { toText } from "../convert-time.ts";
import type { FieldRow, ReasonRow } from "../refusal-row.ts";
import { invalidRateCard, invalidSettings, invalidUsage, shortened } from "./fault-detail.ts";

type PriceRefusals = CostRefusal | PublishRefusal;
type RefusalOf<Name> = Extract<PriceRefusals, { reason: Name }>;
type Place = Readonly<{ itemIndex?: number; nodeId?: string }>;
type PriceTable = {
  readonly [Name in PriceRefusals["reason"]]: Name extends "EFFECTIVE_TIME_PASSED"
    ? FieldRow<RefusalOf<Name>>
    : ReasonRow<RefusalOf<Name>>;
};

/** The rows of what can't be priced or published. */
export const COST_REFUSALS: PriceTable = {
  RATE_CARD_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: ({ version }) =>
      version === undefined
        ? "no rate card is in effect yet; publish one"
        : "there is no rate card {rate_card_version}",
    metadata: ({ version, ...place }) => ({
      ...(version === undefined ? {} : { rate_card_version: String(version) }),
      ...placeOf(place),
    }),
  },
  RATE_CARD_STALE: {
    code: Code.FAILED_PRECONDITION,
    message: ({ supersedeTime }) =>
      supersedeTime === undefined
        ? "rate card {rate_card_version} is not in effect yet; the current one is {current_version}"
        : "the prices of rate card {rate_card_version} no longer hold: it was superseded at {supersede_time}; " +
          "estimate again, by rate card {current_version}",
    metadata: ({ version, currentVersion, supersedeTime, ...place }) => ({
      rate_card_version: String(version),
      current_version: String(currentVersion),
      ...(supersedeTime === undefined ? {} : { supersede_time: toText(supersedeTime) }),
      ...placeOf(place),
    }),
  },
  MODEL_NOT_FOUND: {
    code: Code.NOT_FOUND,
    message: (refusal) => `${where(refusal)}rate card {rate_card_version} has no model {model_id}`,
    metadata: ({ modelId, version, ...place }) => ({
      model_id: modelId,
      rate_card_version: String(version),
      ...placeOf(place),
    }),
  },
  SETTINGS_INVALID: {
    code: Code.INVALID_ARGUMENT,
    message: (refusal) => `${where(refusal)}setting {setting} of model {model_id}: {problem}`,
    metadata: ({ modelId, faults: [first], ...place }) => ({
      model_id: modelId,
      setting: first?.setting ?? "",
      problem: shortened(first?.problem ?? ""),
      ...placeOf(place),
    }),
    detail: ({ modelId, faults }) => invalidSettings(modelId, faults),
  },
  USAGE_INVALID: {
    code: Code.INVALID_ARGUMENT,
    message: (refusal) => `${where(refusal)}usage {measure} of model {model_id}: {problem}`,
    metadata: ({ modelId, faults: [first], ...place }) => ({
      model_id: modelId,
      measure: first?.measure ?? "",
      problem: shortened(first?.problem ?? ""),
      ...placeOf(place),
    }),
    detail: ({ modelId, faults }) => invalidUsage(modelId, faults),
  },
  RATE_CARD_INVALID: {
    code: Code.INVALID_ARGUMENT,
    message: "the rate card has {fault_count} faults and was not published: {model_id} {place}: {problem}",
    metadata: ({ faults, faults: [first] }) => ({
      fault_count: String(faults.length),
      model_id: first?.modelId ?? "",
      place: first?.place ?? "",
      problem: shortened(first?.problem ?? ""),
    }),
    detail: ({ faults }) => invalidRateCard(faults),
  },
  EFFECTIVE_TIME_PASSED: {
    field: "effective_time",
    explain: ({ effectiveTime, now }) =>
      `must not be in the past; ${toText(effectiveTime)} is, at ${toText(now)}`,
  },
};

/** Of several calls, which one can't be priced. */
function placeOf({ itemIndex, nodeId }: Place): Readonly<Record<string, string>> {
  return {
    ...(itemIndex === undefined ? {} : { item_index: String(itemIndex) }),
    ...(nodeId === undefined ? {} : { node_id: nodeId }),
  };
}

function where({ itemIndex, nodeId }: Place): string {
  if (nodeId !== undefined) return "node {node_id}: ";
  return itemIndex === undefined ? "" : "item {item_index}: ";
}
