import type { JsonObject, Model, PriceLine } from "../../../src/domain/pricing/model.ts";

/**
 * Prices by the definition, in reduced fractions and one step at a time: slow, and sharing no code with what it
 * checks.
 */
export class Fraction {
  readonly top: bigint;
  readonly bottom: bigint;

  constructor(top: bigint, bottom: bigint) {
    const divisor = gcd(top, bottom);
    this.top = top / divisor;
    this.bottom = bottom / divisor;
  }

  static of(text: string): Fraction {
    const [whole = "0", digits = ""] = text.split(".");
    let bottom = 1n;
    for (const _ of digits) bottom *= 10n;
    return new Fraction(BigInt(whole) * bottom + (digits === "" ? 0n : BigInt(digits)), bottom);
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.top, other.bottom));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.top * other.top, this.bottom * other.bottom);
  }

  exceeds(other: Fraction): boolean {
    return this.minus(other).top > 0n;
  }

  ceiling(): bigint {
    const whole = this.top / this.bottom;
    return whole * this.bottom === this.top ? whole : whole + 1n;
  }
}

/** The price in microcredits; `settings` have their defaults, `usage` every measure. */
export function referencePrice(
  model: Model,
  settings: JsonObject,
  usage: ReadonlyMap<string, Fraction>,
): bigint {
  const value = (name: string) => usage.get(name) ?? Fraction.of(String(settings[name]));
  let credits = new Fraction(0n, 1n);
  for (const line of model.lines) {
    const holds = line.conditions.every(({ setting, values }) => values.includes(String(settings[setting])));
    if (holds) credits = credits.plus(referenceLine(line, settings, value));
  }
  return credits.times(new Fraction(1_000_000n, 1n)).ceiling();
}

function referenceLine(line: PriceLine, settings: JsonObject, value: (name: string) => Fraction): Fraction {
  let quantity = new Fraction(1n, 1n);
  for (const name of line.quantity) quantity = quantity.times(value(name));
  let cost = referenceCost(line, quantity, value).times(new Fraction(1n, line.per));
  for (const { setting, factors } of line.multipliers) {
    cost = cost.times(Fraction.of(factors.get(String(settings[setting])) ?? ""));
  }
  return cost;
}

function referenceCost(
  { price }: PriceLine,
  quantity: Fraction,
  value: (name: string) => Fraction,
): Fraction {
  if ("rate" in price) return quantity.times(Fraction.of(price.rate));
  if (price.mode === "WHOLE") {
    const size = price.size.map(value).reduce((sum, each) => sum.plus(each), new Fraction(0n, 1n));
    const measured = price.size.length === 0 ? quantity : size;
    const tier = price.tiers.find(({ upTo }) => upTo === undefined || !measured.exceeds(Fraction.of(upTo)));
    return quantity.times(Fraction.of(tier?.rate ?? ""));
  }
  let [cost, floor] = [new Fraction(0n, 1n), new Fraction(0n, 1n)];
  for (const { upTo, rate } of price.tiers) {
    const top = upTo === undefined || !quantity.exceeds(Fraction.of(upTo)) ? quantity : Fraction.of(upTo);
    if (top.exceeds(floor)) cost = cost.plus(top.minus(floor).times(Fraction.of(rate)));
    floor = upTo === undefined ? floor : Fraction.of(upTo);
  }
  return cost;
}

function gcd(left: bigint, right: bigint): bigint {
  return right === 0n ? (left < 0n ? -left : left) || 1n : gcd(right, left % right);
}
