import { invariant } from "../invariant.ts";
import { FACTOR_LIMITS, QUANTITY_LIMITS, RATE_LIMITS, readDecimal } from "./decimal.ts";
import { type PriceLine, tiersOf } from "./model.ts";
import {
  add,
  isAbove,
  leastCommonMultiple,
  lesserOf,
  multiply,
  ONE,
  type Ratio,
  subtract,
  wholeRatio,
  ZERO,
} from "./ratio.ts";
import { type SettingValue, spell } from "./setting.ts";

/** Finds the quantity that a measure or setting stands for in one call. */
export type QuantityOf = (name: string) => Ratio;
/** The values of a call's settings, defaults filled in. */
export type SettingValues = ReadonlyMap<string, SettingValue>;

type PricedTier = Readonly<{ upTo: Ratio | undefined; rate: Ratio; whole: bigint }>;
type PricedMultiplier = Readonly<{
  setting: string;
  factors: ReadonlyMap<string, Ratio>;
  wholes: Map<string, bigint>;
}>;

/**
 * A price line, read once for many calls. Its rates and factors are whole numbers over one denominator, which the
 * model's lines share, so that most prices are a few multiplications and one division.
 */
export class PricedLine {
  readonly line: PriceLine;
  readonly #conditions: readonly { setting: string; values: ReadonlySet<string> }[];
  readonly #multipliers: readonly PricedMultiplier[];
  readonly #tiers: readonly PricedTier[];
  readonly #size: readonly string[];
  readonly #isGraduated: boolean;
  readonly denominator: bigint;

  constructor(line: PriceLine) {
    this.line = line;
    this.#conditions = line.conditions.map(({ setting, values }) => ({ setting, values: new Set(values) }));
    const tiers = tiersOf(line).map(({ upTo, rate }) => ({
      upTo: upTo === undefined ? undefined : exact(readDecimal(upTo, QUANTITY_LIMITS)),
      rate: exact(readDecimal(rate, RATE_LIMITS)),
    }));
    const scale = tiers.map(({ rate }) => rate.denominator).reduce(leastCommonMultiple, 1n);
    this.#tiers = tiers.map((tier) => ({ ...tier, whole: inWholes(tier.rate, scale) }));
    this.#multipliers = line.multipliers.map(({ setting, factors }) => toMultiplier(setting, factors));
    this.denominator = this.#multipliers
      .map(scaleOf)
      .reduce((product, each) => product * each, scale * line.per);
    const { price } = line;
    this.#size = "rate" in price || price.size.length === 0 ? line.quantity : price.size;
    this.#isGraduated = "mode" in price && price.mode === "GRADUATED";
  }

  applies(settings: SettingValues): boolean {
    for (const { setting, values } of this.#conditions) {
      if (!values.has(spellOf(settings, setting))) return false;
    }
    return true;
  }

  /** What it needs to know the quantity of. */
  get names(): readonly string[] {
    const { price, quantity } = this.line;
    return "rate" in price ? quantity : [...quantity, ...price.size];
  }

  quantity(quantityOf: QuantityOf): Ratio {
    return this.line.quantity.reduce((product, name) => multiplyFast(product, quantityOf(name)), ONE);
  }

  /** The product of the factors for these settings, over the multipliers' part of the denominator. */
  factor(settings: SettingValues): bigint {
    let product = 1n;
    for (const { setting, wholes } of this.#multipliers) {
      product *= exact(wholes.get(spellOf(settings, setting)));
    }
    return product;
  }

  /** The cost of a quantity in credits, times `denominator`. */
  cost(quantity: Ratio, quantityOf: QuantityOf, factor: bigint): Ratio {
    if (this.#isGraduated) return this.#graduatedCost(quantity, factor);
    const { numerator, denominator } = quantity;
    return { numerator: numerator * this.#wholeRate(quantity, quantityOf) * factor, denominator };
  }

  /** The cost of the quantity at the highest rate and factors, times `denominator`. */
  dearest(quantity: Ratio): Ratio {
    const rate = highest(this.#tiers.map(({ whole }) => whole));
    const factors = this.#multipliers.map(({ wholes }) => highest([...wholes.values()]));
    return multiply(quantity, wholeRatio(factors.reduce((product, each) => product * each, rate)));
  }

  #wholeRate(quantity: Ratio, quantityOf: QuantityOf): bigint {
    const [first] = this.#tiers;
    if (this.#tiers.length === 1 && first !== undefined) return first.whole;
    const size = this.#size === this.line.quantity ? quantity : sum(this.#size, quantityOf);
    const tier = this.#tiers.find(({ upTo }) => upTo === undefined || !isAbove(size, upTo));
    return exact(tier).whole;
  }

  #graduatedCost(quantity: Ratio, factor: bigint): Ratio {
    let [cost, start] = [ZERO, ZERO];
    for (const { upTo, whole } of this.#tiers) {
      if (!isAbove(quantity, start)) break;
      const end = upTo === undefined ? quantity : lesserOf(upTo, quantity);
      cost = add(cost, multiply(subtract(end, start), wholeRatio(whole * factor)));
      start = end;
    }
    return cost;
  }
}

function sum(names: readonly string[], quantityOf: QuantityOf): Ratio {
  let total = ZERO;
  for (const name of names) total = add(total, quantityOf(name));
  return total;
}

/** Most factors are 1 or whole; then there is no denominator to carry. */
function multiplyFast(left: Ratio, right: Ratio): Ratio {
  return left === ONE ? right : multiply(left, right);
}

function toMultiplier(setting: string, texts: ReadonlyMap<string, string>): PricedMultiplier {
  const factors = new Map(
    [...texts].map(([value, text]) => [value, exact(readDecimal(text, FACTOR_LIMITS))]),
  );
  const scale = [...factors.values()].map(({ denominator }) => denominator).reduce(leastCommonMultiple, 1n);
  const wholes = new Map([...factors].map(([value, factor]) => [value, inWholes(factor, scale)]));
  return { setting, factors, wholes };
}

function scaleOf({ factors }: PricedMultiplier): bigint {
  return [...factors.values()].map(({ denominator }) => denominator).reduce(leastCommonMultiple, 1n);
}

function inWholes({ numerator, denominator }: Ratio, scale: bigint): bigint {
  return numerator * (scale / denominator);
}

function highest(values: readonly bigint[]): bigint {
  return values.reduce((left, right) => (left > right ? left : right), 0n);
}

function spellOf(settings: SettingValues, name: string): string {
  return spell(exact(settings.get(name)));
}

/** What a checked model always has. */
export function exact<T>(value: T | undefined): T {
  invariant(value !== undefined, "a model is priced that its check would have refused");
  return value;
}
