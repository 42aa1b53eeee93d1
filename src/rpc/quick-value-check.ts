import { create, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type DurationRules,
  DurationRulesSchema,
  type FieldRules,
  FieldRulesSchema,
  type Int64Rules,
  Int64RulesSchema,
  MapRulesSchema,
  RepeatedRulesSchema,
  type StringRules,
  StringRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { patternOf } from "./pattern.ts";

/** Whether a value surely breaks no rule. */
export type ValueCheck = (value: unknown) => boolean;

/** The check of a kind of message that a field may have. */
export type MessageChecks = (schema: DescMessage) => ValueCheck;

/** Where there is a rule that is not known here. */
export const unsure: ValueCheck = () => false;

/** Where there is no rule. */
export const sure: ValueCheck = () => true;

const { maxLen, pattern } = StringRulesSchema.field;
const { maxItems } = RepeatedRulesSchema.field;
const { maxPairs } = MapRulesSchema.field;
/** A character is one unit of UTF-16 or two: the library counts characters. */
const UNITS_PER_CHARACTER_MAX = 2n;
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const NANOS_MAX = 999_999_999;

/** Of what a field has where it is set. */
export function valueCheckOf(field: DescField, { type }: FieldRules, messages: MessageChecks): ValueCheck {
  if (field.fieldKind === "list") return listCheck(field.message, type, messages);
  if (field.fieldKind === "map") return field.message ? unsure : mapCheck(type);
  return singularCheck(field.message, type, messages);
}

type Type = FieldRules["type"];

function singularCheck(message: DescMessage | undefined, type: Type, messages: MessageChecks): ValueCheck {
  // Of a wrapper, the rule is about what it wraps.
  if (message && type.case !== undefined && type.case !== "duration") return unsure;
  switch (type.case) {
    case undefined:
      return message ? messages(message) : sure;
    case "string":
      return stringCheck(type.value);
    case "int64":
      return int64Check(type.value);
    case "duration":
      return durationCheck(type.value);
    default:
      return unsure;
  }
}

function stringCheck(rules: StringRules): ValueCheck {
  if (!hasOnly(StringRulesSchema, rules, ["min_len", "max_len", "pattern", "uuid"])) return unsure;
  const { least, most } = countsOf(
    rules.minLen > 1n ? rules.minLen * UNITS_PER_CHARACTER_MAX : rules.minLen,
    isFieldSet(rules, maxLen) ? rules.maxLen : undefined,
  );
  const patterns = [
    ...(isFieldSet(rules, pattern) ? [patternOf(rules.pattern)] : []),
    ...(rules.wellKnown.case === "uuid" && rules.wellKnown.value ? [UUID] : []),
  ];
  return (value) => {
    const text = value as string;
    if (text.length < least || text.length > most) return false;
    for (const each of patterns) if (!each.test(text)) return false;
    return true;
  };
}

function int64Check(rules: Int64Rules): ValueCheck {
  if (!hasOnly(Int64RulesSchema, rules, ["gte", "lte"])) return unsure;
  const [least, most] = [rules.greaterThan.value, rules.lessThan.value];
  return (value) =>
    (least === undefined || (value as bigint) >= least) && (most === undefined || (value as bigint) <= most);
}

function durationCheck(rules: DurationRules): ValueCheck {
  if (!hasOnly(DurationRulesSchema, rules, ["gte", "lte"])) return unsure;
  const [least, most] = [rules.greaterThan.value, rules.lessThan.value];
  return (value) => {
    const duration = value as Duration;
    if (duration.nanos < 0 || duration.nanos > NANOS_MAX) return false;
    return (!least || isUpTo(least, duration)) && (!most || isUpTo(duration, most));
  };
}

function isUpTo(one: Duration, other: Duration): boolean {
  return one.seconds < other.seconds || (one.seconds === other.seconds && one.nanos <= other.nanos);
}

function listCheck(message: DescMessage | undefined, type: Type, messages: MessageChecks): ValueCheck {
  if (type.case !== undefined && type.case !== "repeated") return unsure;
  const rules = type.value ?? create(RepeatedRulesSchema);
  const check = itemCheck(rules.items, (items) => singularCheck(message, items, messages));
  if (check === unsure || !hasOnly(RepeatedRulesSchema, rules, ["min_items", "max_items", "items"]))
    return unsure;
  const { least, most } = countsOf(rules.minItems, isFieldSet(rules, maxItems) ? rules.maxItems : undefined);
  return (value) => {
    const items = value as readonly unknown[];
    return items.length >= least && items.length <= most && (check === sure || items.every(check));
  };
}

function mapCheck(type: Type): ValueCheck {
  if (type.case !== undefined && type.case !== "map") return unsure;
  const rules = type.value ?? create(MapRulesSchema);
  const [keys, values] = [rules.keys, rules.values].map((each) => itemCheck(each, scalarCheck));
  if (!hasOnly(MapRulesSchema, rules, ["min_pairs", "max_pairs", "keys", "values"])) return unsure;
  if (!keys || !values || keys === unsure || values === unsure) return unsure;
  const { least, most } = countsOf(rules.minPairs, isFieldSet(rules, maxPairs) ? rules.maxPairs : undefined);
  return (value) => {
    const pairs = Object.entries(value as object);
    if (pairs.length < least || pairs.length > most) return false;
    return pairs.every(([key, each]) => keys(key) && values(each));
  };
}

/** Of each item, key or value, which is there and so is not ignored. */
function itemCheck(rules: FieldRules | undefined, checkOf: (type: Type) => ValueCheck): ValueCheck {
  if (rules === undefined) return checkOf({ case: undefined });
  return hasOnly(FieldRulesSchema, rules, ["string", "int64"]) ? checkOf(rules.type) : unsure;
}

function scalarCheck(type: Type): ValueCheck {
  return singularCheck(undefined, type, () => unsure);
}

function countsOf(least: bigint, most: bigint | undefined): { least: number; most: number } {
  return { least: Number(least), most: most === undefined ? Number.POSITIVE_INFINITY : Number(most) };
}

/** Whether rules are of these names, as the contract spells them, and of no other. */
export function hasOnly(schema: DescMessage, rules: Message, names: readonly string[]): boolean {
  if (rules.$unknown !== undefined && rules.$unknown.length > 0) return false;
  return schema.fields.every((field) => names.includes(field.name) || !isFieldSet(rules, field));
}
