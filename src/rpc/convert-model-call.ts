import type {
  MeteredCall as ProtoMeteredCall,
  ModelCall as ProtoModelCall,
  Pricing as ProtoPricing,
} from "../../gen/pleyor/credits/v1/model_call_pb.ts";
import type { MeteredCall, ModelCall, Pricing } from "../domain/ledger/model-call.ts";
import type { SpendContext } from "../domain/ledger/spend-context.ts";
import type { JsonObject } from "../domain/pricing/model.ts";
import { InvalidFieldError } from "./invalid-field.ts";

/** They are stored with the reservation; 32 settings of some hundred characters have room. */
const SETTINGS_BYTES_MAX = 8_192;

/** `place` is the call's field, with the dot after it, for errors to name. */
export function fromProtoModelCall(call: ProtoModelCall, place: string): ModelCall {
  return {
    modelId: call.modelId,
    settings: fromProtoSettings(call.settings, `${place}settings`),
    knownUsage: call.knownUsage,
    rateCardVersion: fromProtoRateCardVersion(call.rateCardVersion),
    holdMaximum: call.holdMaximum,
  };
}

export function fromProtoMeteredCall(call: ProtoMeteredCall, place: string): MeteredCall {
  return {
    modelId: call.modelId,
    settings: fromProtoSettings(call.settings, `${place}settings`),
    usage: call.usage?.measures ?? {},
    rateCardVersion: fromProtoRateCardVersion(call.rateCardVersion),
  };
}

/** Zero is the current one. */
export function fromProtoRateCardVersion(version: bigint): bigint | undefined {
  return version === 0n ? undefined : version;
}

/** Usage is reported by the context, so it names the model that is paid for, and no other. */
export function ofModel(context: SpendContext, modelId: string, contextField: string): SpendContext {
  const named = context.modelId ?? modelId;
  if (named !== modelId) {
    throw new InvalidFieldError(`${contextField}.model_id`, `must be empty or ${modelId}, which is paid for`);
  }
  return { ...context, modelId };
}

/** Settings are encoded and not changed, so they are not copied: that took nearly 5 % of a page of 1,000. */
export function toProtoPricing({ settings, usage, estimate }: Pricing): ProtoPricing {
  const proto: ProtoPricing = {
    $typeName: "pleyor.credits.v1.Pricing",
    settings: settings as never,
    usage: { ...usage },
  };
  if (estimate !== undefined) proto.estimate = { $typeName: "pleyor.credits.v1.CostRange", ...estimate };
  return proto;
}

export function fromProtoSettings(settings: JsonObject | undefined, field: string): JsonObject {
  if (settings === undefined) return {};
  if (!isJson(settings)) throw new InvalidFieldError(field, "must be JSON, whose numbers are finite");
  const bytes = Buffer.byteLength(JSON.stringify(settings));
  if (bytes > SETTINGS_BYTES_MAX) {
    throw new InvalidFieldError(field, `must have at most ${SETTINGS_BYTES_MAX} bytes as JSON, not ${bytes}`);
  }
  return settings;
}

/** In binary, a number of a Struct can be one that JSON does not have, and a value can be none. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "object" && Object.values(value).every(isJson);
}
