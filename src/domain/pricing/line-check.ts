import { describeLimits, FACTOR_LIMITS, QUANTITY_LIMITS, RATE_LIMITS, readDecimal } from "./decimal.ts";
import type { Complain, Condition, Multiplier, PriceLine, Tiers } from "./model.ts";
import type { Names } from "./model-names.ts";
import { isAbove, type Ratio } from "./ratio.ts";
import { isAlwaysGiven, show, spell } from "./setting.ts";

const PER_MAX = 10n ** 12n;
const QUANTITY_PARTS_MAX = 4;
const CONDITIONS_MAX = 8;
const TIERS_MAX = 32;

/** Tells what is wrong with one price line. `names` notes what it uses. */
export function checkLine(line: PriceLine, names: Names, complain: Complain): void {
  const place = `lines.${show(line.name)}`;
  const complainHere: Complain = (below, problem) => complain(`${place}.${below}`, problem);
  if (line.per < 1n || line.per > PER_MAX) complainHere("per", `must be from 1 to ${PER_MAX}`);
  if (line.quantity.length > QUANTITY_PARTS_MAX)
    complainHere("quantity", `more than ${QUANTITY_PARTS_MAX} parts`);
  for (const name of line.quantity) names.useQuantity(name, place, complain);
  if ("rate" in line.price) checkRate(line.price.rate, "rate", complainHere);
  else checkTiers(line.price, names, complainHere, complain, place);
  checkConditions(line.conditions, names, complainHere);
  checkMultipliers(line.multipliers, names, complainHere);
}

function checkRate(rate: string, place: string, complain: Complain): Ratio | undefined {
  const read = readDecimal(rate, RATE_LIMITS);
  if (read === undefined) {
    complain(place, rate === "" ? "missing" : `${show(rate)} is not ${describeLimits(RATE_LIMITS)}`);
  }
  return read;
}

function checkTiers(
  price: Tiers,
  names: Names,
  complainHere: Complain,
  complain: Complain,
  place: string,
): void {
  for (const name of price.size) names.useQuantity(name, place, complain);
  if (price.mode === undefined) complainHere("tiers.mode", "missing");
  if (price.mode === "GRADUATED" && price.size.length > 0) {
    complainHere("tiers.size", "graduated tiers are over the line's own quantity");
  }
  const { tiers } = price;
  if (tiers.length === 0 || tiers.length > TIERS_MAX) complainHere("tiers", `must be 1 to ${TIERS_MAX}`);
  let [lastEnd, lastRate]: [Ratio | undefined, Ratio | undefined] = [undefined, undefined];
  for (const [index, tier] of tiers.slice(0, TIERS_MAX).entries()) {
    const here = `tiers.${index + 1}`;
    const rate = checkRate(tier.rate, `${here}.rate`, complainHere);
    if (price.mode === "WHOLE" && rate && lastRate && isAbove(lastRate, rate)) {
      complainHere(`${here}.rate`, "falls, so that using more would cost less; graduated rates may fall");
    }
    lastRate = rate ?? lastRate;
    lastEnd = checkEnd(tier.upTo, lastEnd, index === tiers.length - 1, (problem) =>
      complainHere(`${here}.up_to`, problem),
    );
  }
}

function checkEnd(
  upTo: string | undefined,
  lastEnd: Ratio | undefined,
  isLast: boolean,
  complain: (problem: string) => void,
): Ratio | undefined {
  if (upTo === undefined) {
    if (!isLast) complain("missing: only the last tier has no end, so the tiers overlap");
    return lastEnd;
  }
  const end = readDecimal(upTo, QUANTITY_LIMITS);
  if (end === undefined) complain(`${show(upTo)} is not ${describeLimits(QUANTITY_LIMITS)}`);
  else if (isLast) complain(`the last tier must have no end: what is above ${show(upTo)} has no price`);
  else if (lastEnd && !isAbove(end, lastEnd)) complain("not above the tier before: the tiers overlap");
  return end ?? lastEnd;
}

function checkConditions(conditions: readonly Condition[], names: Names, complain: Complain): void {
  if (conditions.length > CONDITIONS_MAX) complain("conditions", `more than ${CONDITIONS_MAX}`);
  for (const { setting, values } of conditions) {
    const place = `conditions.${show(setting)}`;
    const allowed = allowedValues(setting, place, names, complain);
    if (values.length === 0) complain(place, "has no values, so that it never holds");
    for (const value of allowed === undefined ? [] : values) {
      if (!allowed?.includes(value)) complain(place, `${show(value)} is no value of the setting`);
    }
  }
}

function checkMultipliers(multipliers: readonly Multiplier[], names: Names, complain: Complain): void {
  if (multipliers.length > CONDITIONS_MAX) complain("multipliers", `more than ${CONDITIONS_MAX}`);
  for (const { setting, factors } of multipliers) {
    const place = `multipliers.${show(setting)}`;
    const allowed = allowedValues(setting, place, names, complain);
    for (const [value, factor] of factors) {
      if (readDecimal(factor, FACTOR_LIMITS) === undefined) {
        complain(`${place}.${show(value)}`, `${show(factor)} is not ${describeLimits(FACTOR_LIMITS)}`);
      }
    }
    if (allowed !== undefined) checkCoverage([...factors.keys()], allowed, place, complain);
  }
}

function checkCoverage(
  values: readonly string[],
  allowed: readonly string[],
  place: string,
  complain: Complain,
): void {
  for (const value of values.filter((each) => !allowed.includes(each))) {
    complain(place, `${show(value)} is no value of the setting`);
  }
  for (const value of allowed.filter((each) => !values.includes(each))) {
    complain(`${place}.${show(value)}`, "missing: this value of the setting has no factor");
  }
}

/** The spelled values of a setting that decides over a price; undefined where it can't. */
function allowedValues(name: string, place: string, names: Names, complain: Complain): string[] | undefined {
  const setting = names.useSetting(name);
  if (setting === undefined) {
    complain(place, "is an unknown setting");
    return undefined;
  }
  if (!isAlwaysGiven(setting)) complain(place, "can be absent: give the setting a default, or require it");
  if (setting.values === undefined) complain(place, "has no listed values");
  return setting.values?.map(spell);
}
