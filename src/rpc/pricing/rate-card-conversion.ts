import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type MeasureSchema,
  ModelSchema,
  type PriceLineSchema,
  type Measure as ProtoMeasure,
  type Model as ProtoModel,
  ModelKind as ProtoModelKind,
  type PriceLine as ProtoPriceLine,
  TierMode as ProtoTierMode,
  type Tiers as ProtoTiers,
} from "../../../gen/pleyor/pricing/v1/model_pb.ts";
import {
  type RateCard as ProtoRateCard,
  RateCardSchema,
} from "../../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import type {
  Measure,
  Model,
  ModelKind,
  PriceLine,
  RateCard,
  TierMode,
  Tiers,
} from "../../domain/pricing/model.ts";

const KINDS: Readonly<Record<ModelKind, ProtoModelKind>> = {
  IMAGE: ProtoModelKind.IMAGE,
  VIDEO: ProtoModelKind.VIDEO,
  TEXT: ProtoModelKind.TEXT,
  AUDIO: ProtoModelKind.AUDIO,
};
const MODES: Readonly<Record<TierMode, ProtoTierMode>> = {
  WHOLE: ProtoTierMode.WHOLE,
  GRADUATED: ProtoTierMode.GRADUATED,
};

export function fromProtoRateCard({ title, models }: ProtoRateCard): RateCard {
  return { title, models: models.map(fromProtoModel) };
}

export function toProtoRateCard({ title, models }: RateCard): ProtoRateCard {
  return create(RateCardSchema, { title, models: models.map(toProtoModel) });
}

export function fromProtoModelKind(kind: ProtoModelKind): ModelKind | undefined {
  return keyOf(KINDS, kind);
}

export function fromProtoModel(model: ProtoModel): Model {
  const { modelId, title, provider, description } = model;
  return {
    modelId,
    title,
    kind: fromProtoModelKind(model.kind),
    provider,
    description,
    settingsSchema: model.settingsSchema ?? {},
    measures: model.measures.map(fromProtoMeasure),
    lines: model.lines.map(fromProtoLine),
  };
}

export function toProtoModel(model: Model): ProtoModel {
  const { settingsSchema, kind, ...rest } = model;
  return create(ModelSchema, {
    ...rest,
    kind: kind === undefined ? ProtoModelKind.UNSPECIFIED : KINDS[kind],
    ...(Object.keys(settingsSchema).length === 0
      ? {}
      : { settingsSchema: structuredClone(settingsSchema) as never }),
    measures: model.measures.map(toProtoMeasure),
    lines: model.lines.map(toProtoLine),
  });
}

function fromProtoMeasure({
  name,
  title,
  unit,
  minimum,
  expected,
  maximum,
  times,
  limitedBy,
}: ProtoMeasure): Measure {
  return {
    name,
    title,
    unit,
    minimum: minimum === "" ? "0" : minimum,
    expected,
    maximum,
    times: [...times],
    limitedBy: limitedBy === "" ? undefined : limitedBy,
  };
}

function toProtoMeasure({
  times,
  limitedBy,
  minimum,
  ...rest
}: Measure): MessageInitShape<typeof MeasureSchema> {
  return { ...rest, minimum: minimum === "0" ? "" : minimum, times: [...times], limitedBy: limitedBy ?? "" };
}

function fromProtoLine(line: ProtoPriceLine): PriceLine {
  const { name, title, quantity, per, price, conditions, multipliers } = line;
  return {
    name,
    title,
    quantity: [...quantity],
    per: per === 0n ? 1n : per,
    // A line without a price has the rate "", which is a fault by name.
    price: price.case === "tiers" ? fromProtoTiers(price.value) : { rate: price.value ?? "" },
    conditions: conditions.map(({ setting, values }) => ({ setting, values: [...values] })),
    multipliers: multipliers.map(({ setting, factors }) => ({
      setting,
      factors: new Map(Object.entries(factors)),
    })),
  };
}

function toProtoLine(line: PriceLine): MessageInitShape<typeof PriceLineSchema> {
  const { name, title, quantity, per, price, conditions, multipliers } = line;
  return {
    name,
    title,
    quantity: [...quantity],
    per: per === 1n ? 0n : per,
    price:
      "rate" in price ? { case: "rate", value: price.rate } : { case: "tiers", value: toProtoTiers(price) },
    conditions: conditions.map(({ setting, values }) => ({ setting, values: [...values] })),
    multipliers: multipliers.map(({ setting, factors }) => ({
      setting,
      factors: Object.fromEntries(factors),
    })),
  };
}

function fromProtoTiers({ mode, size, tiers }: ProtoTiers): Tiers {
  return {
    mode: keyOf(MODES, mode),
    size: [...size],
    tiers: tiers.map(({ upTo, rate }) => ({ upTo: upTo === "" ? undefined : upTo, rate })),
  };
}

function toProtoTiers({ mode, size, tiers }: Tiers) {
  return {
    mode: mode === undefined ? ProtoTierMode.UNSPECIFIED : MODES[mode],
    size: [...size],
    tiers: tiers.map(({ upTo, rate }) => ({ upTo: upTo ?? "", rate })),
  };
}

function keyOf<K extends string, V>(table: Readonly<Record<K, V>>, value: V): K | undefined {
  return (Object.keys(table) as K[]).find((key) => table[key] === value);
}
