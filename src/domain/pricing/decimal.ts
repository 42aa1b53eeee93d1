import { type Ratio, wholeRatio } from "./ratio.ts";

/** How long the number may be, which bounds all arithmetic with it. */
export type DecimalLimits = Readonly<{ maximum: bigint; fractionDigitsMax: number }>;

/** What one thing may cost. 30 digits behind the point hold a price per token, times a markup, exactly. */
export const RATE_LIMITS: DecimalLimits = { maximum: 10n ** 9n, fractionDigitsMax: 30 };
/** What a call may use of one thing. */
export const QUANTITY_LIMITS: DecimalLimits = { maximum: 10n ** 12n, fractionDigitsMax: 9 };
/** What a multiplier may be. */
export const FACTOR_LIMITS: DecimalLimits = { maximum: 10n ** 6n, fractionDigitsMax: 30 };

const DECIMAL = /^([0-9]{1,15})(?:\.([0-9]{1,30}))?$/;
const SCALES = Array.from({ length: 31 }, (_, digits) => 10n ** BigInt(digits));

/** Reads text such as `12.50`. Undefined where it is no decimal, negative or beyond the limits. */
export function readDecimal(text: string, { maximum, fractionDigitsMax }: DecimalLimits): Ratio | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  if (fraction.length > fractionDigitsMax) return undefined;
  const denominator = SCALES[fraction.length] ?? 1n;
  const numerator = BigInt(whole + fraction);
  return numerator > maximum * denominator ? undefined : { numerator, denominator };
}

/** What `readDecimal` accepts, in words. */
export function describeLimits({ maximum, fractionDigitsMax }: DecimalLimits): string {
  return `a decimal from 0 to ${maximum} with at most ${fractionDigitsMax} digits after the point`;
}

/**
 * The quantity that a number of a settings object stands for: the decimal that its writer wrote, which is its
 * shortest spelling. Undefined where it is no quantity.
 */
export function readNumber(value: number): Ratio | undefined {
  if (Number.isSafeInteger(value)) {
    const whole = BigInt(value);
    return whole >= 0n && whole <= QUANTITY_LIMITS.maximum ? wholeRatio(whole) : undefined;
  }
  // Spelled with an exponent it is below 10^-6; nine digits behind the point still hold some of those.
  const [mantissa = "", exponent] = String(value).split("e-");
  return readDecimal(exponent === undefined ? mantissa : shift(mantissa, Number(exponent)), QUANTITY_LIMITS);
}

function shift(mantissa: string, digits: number): string {
  const [whole = "", fraction = ""] = mantissa.split(".");
  return `0.${"0".repeat(Math.max(0, digits - whole.length))}${whole}${fraction}`;
}

/** As a decimal without needless zeros, cut off after `fractionDigitsMax` digits behind the point. */
export function writeDecimal({ numerator, denominator }: Ratio, fractionDigitsMax: number): string {
  const whole = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return String(whole);
  const scaled = (rest * 10n ** BigInt(fractionDigitsMax)) / denominator;
  const fraction = String(scaled).padStart(fractionDigitsMax, "0").replace(/0+$/, "");
  return fraction === "" ? String(whole) : `${whole}.${fraction}`;
}
