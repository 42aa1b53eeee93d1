import type { Complain, Json, JsonObject } from "./model.ts";
import { isName, type Setting, type SettingType, type SettingValue, show } from "./setting.ts";

const SETTINGS_MAX = 32;
const VALUES_MAX = 64;
/** What a panel and a price can make sense of. `pattern` is missing because it can take forever. */
const KEYWORDS: Readonly<Record<string, (value: Json) => boolean>> = {
  type: (value) => value === "string" || value === "integer" || value === "number" || value === "boolean",
  title: isShortText,
  description: isShortText,
  default: isSettingValue,
  examples: isListOfValues,
  enum: isListOfValues,
  minimum: isFiniteNumber,
  maximum: isFiniteNumber,
  multipleOf: (value) => isFiniteNumber(value) && value > 0,
  minLength: isLength,
  maxLength: isLength,
};
const OBJECT_KEYWORDS = [
  "$schema",
  "type",
  "title",
  "description",
  "properties",
  "required",
  "additionalProperties",
];

/** Reads the subset of JSON Schema that settings are described in, and tells all that is beyond it. */
export function readSettings(schema: JsonObject, complain: Complain): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  const { properties, required } = readObject(schema, complain);
  for (const name of required) {
    if (!Object.hasOwn(properties, name))
      complain("settings_schema.required", `${show(name)} is no property`);
  }
  const names = Object.keys(properties);
  if (names.length > SETTINGS_MAX)
    complain("settings_schema.properties", `more than ${SETTINGS_MAX} settings`);
  for (const name of names.slice(0, SETTINGS_MAX)) {
    const setting = readSetting(name, properties[name], required.includes(name), complain);
    if (setting !== undefined) settings.set(name, setting);
  }
  return settings;
}

function readObject(
  schema: JsonObject,
  complain: Complain,
): { properties: JsonObject; required: readonly string[] } {
  const { properties = {}, required = [] } = schema;
  const isEmpty = Object.keys(schema).length === 0;
  for (const keyword of Object.keys(schema)) {
    if (!OBJECT_KEYWORDS.includes(keyword))
      complain("settings_schema", `${show(keyword)} is no keyword of it`);
  }
  if (!isEmpty && schema.type !== "object") complain("settings_schema.type", "must be object");
  if (!isEmpty && schema.additionalProperties !== false) {
    complain("settings_schema.additionalProperties", "must be false, so that unknown settings are refused");
  }
  const isListOfNames = Array.isArray(required) && required.every((name) => typeof name === "string");
  if (!isListOfNames || required.length > SETTINGS_MAX) {
    complain("settings_schema.required", `must be a list of at most ${SETTINGS_MAX} names`);
  }
  if (!isObject(properties)) complain("settings_schema.properties", "must be an object");
  return {
    properties: isObject(properties) ? properties : {},
    required: isListOfNames ? (required.slice(0, SETTINGS_MAX) as string[]) : [],
  };
}

function readSetting(
  name: string,
  schema: Json | undefined,
  required: boolean,
  complain: Complain,
): Setting | undefined {
  const place = `settings_schema.properties.${show(name)}`;
  if (!isName(name)) complain(place, "is no lower-case word");
  if (schema === undefined || !isObject(schema)) {
    complain(place, "must be an object");
    return undefined;
  }
  let isSound = true;
  for (const [keyword, value] of Object.entries(schema)) {
    const isKept = Object.hasOwn(KEYWORDS, keyword) && KEYWORDS[keyword]?.(value);
    if (isKept) continue;
    isSound = false;
    complain(
      place,
      Object.hasOwn(KEYWORDS, keyword)
        ? `its ${keyword} is malformed`
        : `${show(keyword)} is no keyword of it`,
    );
  }
  if (schema.type === undefined) complain(place, "has no type");
  return isSound && schema.type !== undefined ? toSetting(name, schema, required) : undefined;
}

function toSetting(name: string, schema: JsonObject, required: boolean): Setting {
  const { minimum, maximum } = schema;
  const type = schema.type as SettingType;
  const listed = schema.enum as readonly SettingValue[] | undefined;
  return {
    name,
    type,
    values: listed ?? (type === "boolean" ? [false, true] : undefined),
    minimum: typeof minimum === "number" ? minimum : undefined,
    maximum: typeof maximum === "number" ? maximum : undefined,
    defaultValue: schema.default as SettingValue | undefined,
    required,
  };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShortText(value: Json): boolean {
  return typeof value === "string" && value.length <= 1024;
}

function isFiniteNumber(value: Json): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isLength(value: Json): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isSettingValue(value: Json): value is SettingValue {
  return (
    typeof value === "boolean" || isFiniteNumber(value) || (typeof value === "string" && value.length <= 128)
  );
}

function isListOfValues(value: Json): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.length <= VALUES_MAX && value.every(isSettingValue)
  );
}
