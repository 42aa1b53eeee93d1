import { CREDIT_MICROS } from "../amount.ts";
import { QUANTITY_LIMITS, readDecimal, readNumber } from "./decimal.ts";
import type { JsonObject, Measure, Model } from "./model.ts";
import { exact, PricedLine, type SettingValues } from "./priced-line.ts";
import {
  add,
  greaterOf,
  leastCommonMultiple,
  lesserOf,
  multiply,
  ONE,
  type Ratio,
  roundUp,
  ZERO,
} from "./ratio.ts";
import type { SettingFault } from "./refusal.ts";
import { quantityMax, type Setting, type SettingValue, show } from "./setting.ts";

const FAULTS_MAX = 16;

/** Tells what a JSON Schema says against the values of settings. */
export type SettingsValidator = (values: JsonObject) => readonly SettingFault[];
/** Makes a validator of a settings schema, whose required settings have been checked already. */
export type ReadSchema = (schema: JsonObject) => SettingsValidator;

/** How much of a measure a call uses: at least, as expected, and at most. */
export type QuantityRange = Readonly<{ minimum: Ratio; expected: Ratio; maximum: Ratio }>;

type PricedMeasure = Readonly<{ measure: Measure; range: QuantityRange }>;

/** A model of a checked rate card, read once for many calls. */
export class PricedModel {
  readonly model: Model;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly lines: readonly PricedLine[];
  /** What all costs of the lines are multiplied by. */
  readonly denominator: bigint;
  readonly #measures: ReadonlyMap<string, PricedMeasure>;
  readonly #validate: SettingsValidator;

  constructor(model: Model, settings: ReadonlyMap<string, Setting>, readSchema: ReadSchema) {
    this.model = model;
    this.settings = settings;
    this.lines = model.lines.map((line) => new PricedLine(line));
    this.denominator = this.lines.map(({ denominator }) => denominator).reduce(leastCommonMultiple, 1n);
    this.#measures = new Map(
      model.measures.map((measure) => [measure.name, { measure, range: rangeOf(measure) }]),
    );
    this.#validate = readSchema(model.settingsSchema);
  }

  hasMeasure(name: string): boolean {
    return this.#measures.has(name);
  }

  /** The settings with defaults filled in, or all that is wrong with them (R-PRICE-2). */
  resolve(given: JsonObject): SettingValues | readonly SettingFault[] {
    const faults: SettingFault[] = [];
    for (const name of Object.keys(given)) {
      if (this.settings.has(name)) continue;
      faults.push({ setting: show(name), problem: "unknown" });
      // Settings come from strangers, and faults go into an error that has to fit into a reply's headers.
      if (faults.length === FAULTS_MAX) return faults;
    }
    const values: { [name: string]: SettingValue } = {};
    for (const { name, defaultValue, required } of this.settings.values()) {
      const value = Object.hasOwn(given, name) ? (given[name] as SettingValue) : defaultValue;
      if (value !== undefined) values[name] = value;
      else if (required) faults.push({ setting: name, problem: "missing" });
    }
    faults.push(...this.#validate(values));
    faults.push(...this.#unreadableNumbers(values));
    return faults.length > 0 ? faults : new Map(Object.entries(values));
  }

  checkDefaults(): readonly SettingFault[] {
    const given = [...this.settings.values()].flatMap(({ name, defaultValue }) =>
      defaultValue === undefined ? [] : [[name, defaultValue] as const],
    );
    return this.#validate(Object.fromEntries(given));
  }

  /** How much of a measure a call with these settings uses. */
  range(name: string, settings: SettingValues): QuantityRange {
    const { measure, range } = exact(this.#measures.get(name));
    const limited = measure.limitedBy === undefined ? range : limit(range, settings.get(measure.limitedBy));
    if (measure.times.length === 0) return limited;
    const times = measure.times.map((setting) => quantityOf(settings, setting)).reduce(multiply, ONE);
    const { minimum, expected, maximum } = limited;
    return {
      minimum: multiply(minimum, times),
      expected: multiply(expected, times),
      maximum: multiply(maximum, times),
    };
  }

  /** Microcredits, from costs that are multiplied by the denominator: rounded up once (R-AMT-2). */
  toMicros(cost: Ratio): bigint {
    return roundUp({
      numerator: cost.numerator * CREDIT_MICROS,
      denominator: cost.denominator * this.denominator,
    });
  }

  /** More than any call can cost, whatever its settings and usage within what is declared. */
  dearestMicros(): bigint {
    const costs = this.lines.map((line) => {
      const quantity = line.line.quantity.map((name) => this.#largest(name)).reduce(multiply, ONE);
      return multiply(line.dearest(quantity), {
        numerator: this.denominator / line.denominator,
        denominator: 1n,
      });
    });
    return this.toMicros(costs.reduce(add, ZERO));
  }

  #largest(name: string): Ratio {
    const priced = this.#measures.get(name);
    if (priced === undefined) return this.#largestSetting(name);
    const { measure, range } = priced;
    const limitMax = measure.limitedBy === undefined ? ZERO : this.#largestSetting(measure.limitedBy);
    return measure.times
      .map((setting) => this.#largestSetting(setting))
      .reduce(multiply, greaterOf(range.maximum, limitMax));
  }

  #largestSetting(name: string): Ratio {
    return exact(readNumber(Math.ceil(exact(quantityMax(exact(this.settings.get(name)))))));
  }

  /** Numbers that the schema allows, but with more digits than quantities have. */
  #unreadableNumbers(values: Readonly<Record<string, SettingValue>>): SettingFault[] {
    return Object.entries(values).flatMap(([setting, value]) =>
      typeof value === "number" &&
      value >= 0 &&
      !Number.isSafeInteger(value) &&
      readNumber(value) === undefined
        ? [
            {
              setting,
              problem: `${value} has more than ${QUANTITY_LIMITS.fractionDigitsMax} digits after the point`,
            },
          ]
        : [],
    );
  }
}

/** The quantity that a setting stands for. */
export function quantityOf(settings: SettingValues, name: string): Ratio {
  const value = settings.get(name);
  return exact(typeof value === "number" ? readNumber(value) : undefined);
}

function rangeOf({ minimum, expected, maximum }: Measure): QuantityRange {
  const read = (text: string) => exact(readDecimal(text, QUANTITY_LIMITS));
  return { minimum: read(minimum), expected: read(expected), maximum: read(maximum) };
}

function limit(range: QuantityRange, value: SettingValue | undefined): QuantityRange {
  if (value === undefined) return range;
  const maximum = exact(typeof value === "number" ? readNumber(value) : undefined);
  const expected = lesserOf(range.expected, maximum);
  return { minimum: lesserOf(range.minimum, expected), expected, maximum };
}
