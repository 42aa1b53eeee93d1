/**
 * An exact number that is not negative. It is not reduced: the numbers of prices
 * are short, and finding a common divisor costs more than carrying it along.
 */
export type Ratio = Readonly<{ numerator: bigint; denominator: bigint }>;

export const ZERO: Ratio = Object.freeze({ numerator: 0n, denominator: 1n });
export const ONE: Ratio = Object.freeze({ numerator: 1n, denominator: 1n });

export function wholeRatio(numerator: bigint): Ratio {
  return { numerator, denominator: 1n };
}

export function multiply(left: Ratio, right: Ratio): Ratio {
  return {
    numerator: left.numerator * right.numerator,
    denominator: left.denominator * right.denominator,
  };
}

export function add(left: Ratio, right: Ratio): Ratio {
  if (left.denominator === right.denominator) {
    return { numerator: left.numerator + right.numerator, denominator: left.denominator };
  }
  return {
    numerator: left.numerator * right.denominator + right.numerator * left.denominator,
    denominator: left.denominator * right.denominator,
  };
}

/** `left` - `right`; the caller knows that it is not negative. */
export function subtract(left: Ratio, right: Ratio): Ratio {
  return {
    numerator: left.numerator * right.denominator - right.numerator * left.denominator,
    denominator: left.denominator * right.denominator,
  };
}

export function isAbove(left: Ratio, right: Ratio): boolean {
  return left.numerator * right.denominator > right.numerator * left.denominator;
}

export function lesserOf(left: Ratio, right: Ratio): Ratio {
  return isAbove(left, right) ? right : left;
}

export function greaterOf(left: Ratio, right: Ratio): Ratio {
  return isAbove(right, left) ? right : left;
}

/** The smallest whole number that is not below it. */
export function roundUp({ numerator, denominator }: Ratio): bigint {
  return (numerator + denominator - 1n) / denominator;
}

export function leastCommonMultiple(left: bigint, right: bigint): bigint {
  let [divisor, rest] = [left, right];
  while (rest !== 0n) {
    [divisor, rest] = [rest, divisor % rest];
  }
  return (left / divisor) * right;
}
