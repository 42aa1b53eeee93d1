import { RATE_LIMITS, readDecimal, writeDecimal } from "../../src/domain/pricing/decimal.ts";
import { leastCommonMultiple, multiply, type Ratio } from "../../src/domain/pricing/ratio.ts";
import { Skip } from "./skip.ts";
import { ExactNumber, type Value } from "./table.ts";

const PER_MAX = 10n ** 12n;

/** What a price in dollars is in credits: the markup, divided by what a credit is sold for. */
export type Exchange = Readonly<{ creditUsd: Ratio; markup: Ratio }>;

/** Reads a price of the table, which may be spelled with an exponent. */
export function readDollars(field: string, value: Value | undefined): Ratio {
  if (!(value instanceof ExactNumber)) throw new Skip(`${field} is no number`);
  const [mantissa = "", exponent = "0"] = value.source.toLowerCase().split("e");
  const decimal = readDecimal(mantissa, RATE_LIMITS);
  if (decimal === undefined) throw new Skip(`${field} is no price: ${value.source}`);
  const power = 10n ** BigInt(Math.abs(Number(exponent)));
  const { numerator, denominator } = decimal;
  return Number(exponent) < 0
    ? { numerator, denominator: denominator * power }
    : { numerator: numerator * power, denominator };
}

/**
 * The rate in credits for `per` of something that costs `dollars` each. Where the exchange leaves a fraction that
 * no decimal holds, such as a third, `per` takes up its denominator: the price stays exact.
 */
export function toRate(
  dollars: Ratio,
  per: bigint,
  { creditUsd, markup }: Exchange,
): { rate: string; per: bigint } {
  const credits = multiply(multiply(dollars, markup), {
    numerator: creditUsd.denominator * per,
    denominator: creditUsd.numerator,
  });
  const divisor = greatestCommonDivisor(credits.numerator, credits.denominator);
  const [numerator, denominator] = [credits.numerator / divisor, credits.denominator / divisor];
  const odd = withoutFactor(withoutFactor(denominator, 2n), 5n);
  const rate = writeDecimal(
    { numerator, denominator: denominator / odd },
    RATE_LIMITS.fractionDigitsMax + 30,
  );
  if (readDecimal(rate, RATE_LIMITS) === undefined || per * odd > PER_MAX) {
    throw new Skip(`its price has too many digits to be exact: ${rate} per ${per * odd}`);
  }
  return { rate, per: per * odd };
}

/** The rates of tiers, which share one `per`. */
export function toRates(
  dollars: readonly Ratio[],
  per: bigint,
  exchange: Exchange,
): { rates: readonly string[]; per: bigint } {
  const common = dollars.map((price) => toRate(price, per, exchange).per).reduce(leastCommonMultiple, per);
  return { rates: dollars.map((price) => toRate(price, common, exchange).rate), per: common };
}

function withoutFactor(number: bigint, factor: bigint): bigint {
  return number % factor === 0n ? withoutFactor(number / factor, factor) : number;
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  return right === 0n ? left : greatestCommonDivisor(right, left % right);
}
