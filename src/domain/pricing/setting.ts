import { QUANTITY_LIMITS, readNumber } from "./decimal.ts";

export type SettingValue = string | number | boolean;
export type SettingType = "string" | "integer" | "number" | "boolean";

/** A setting as its schema describes it, as far as prices need to know. */
export type Setting = Readonly<{
  name: string;
  type: SettingType;
  /** All values that it can have, where they are listed. */
  values: readonly SettingValue[] | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
  defaultValue: SettingValue | undefined;
  required: boolean;
}>;

const NAME = /^[a-z][a-z0-9_]{0,63}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Every value has one spelling, as in JSON without quotes; conditions and multipliers name values by it. */
export function spell(value: SettingValue): string {
  return String(value);
}

/** A setting that a call always has a value for. */
export function isAlwaysGiven({ defaultValue, required }: Setting): boolean {
  return defaultValue !== undefined || required;
}

/** The largest quantity that the setting can stand for; undefined where it can be no quantity, or has no bounds. */
export function quantityMax({ type, values, minimum, maximum }: Setting): number | undefined {
  if (values !== undefined) {
    const numbers = values.map((value) => (typeof value === "number" ? value : -1));
    return numbers.every((value) => readNumber(value) !== undefined) ? Math.max(...numbers) : undefined;
  }
  if (type !== "integer" && type !== "number") return undefined;
  if (minimum === undefined || minimum < 0 || maximum === undefined) return undefined;
  return maximum >= minimum && maximum <= Number(QUANTITY_LIMITS.maximum) ? maximum : undefined;
}

/** Names of strangers are shown in messages only in part. */
export function show(text: string): string {
  return text.length > 64 ? `${text.slice(0, 61)}...` : text;
}
