import { QUANTITY_LIMITS } from "./decimal.ts";
import type { Complain, Measure } from "./model.ts";
import { isAlwaysGiven, quantityMax, type Setting, show } from "./setting.ts";

/** The measures and settings of a model, and which of them its price lines have used. */
export class Names {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly measures: ReadonlyMap<string, Measure>;
  readonly #used = new Set<string>();

  constructor(settings: ReadonlyMap<string, Setting>, measures: ReadonlyMap<string, Measure>) {
    this.settings = settings;
    this.measures = measures;
  }

  isUsed(name: string): boolean {
    return this.#used.has(name);
  }

  useSetting(name: string): Setting | undefined {
    this.#used.add(name);
    return this.settings.get(name);
  }

  /** A line's quantity is made of measures, and of settings that always have a bounded number. */
  useQuantity(name: string, place: string, complain: Complain): void {
    this.#used.add(name);
    if (this.measures.has(name)) return;
    const setting = this.settings.get(name);
    const here = `${place}.quantity`;
    if (setting === undefined) complain(here, `${show(name)} is an unknown measure or setting`);
    else checkNumeric(setting, here, complain);
  }
}

/** Tells why a setting can't be a part of a quantity. */
export function checkNumeric(setting: Setting, place: string, complain: Complain): void {
  if (!isAlwaysGiven(setting)) {
    complain(place, `${setting.name} can be absent: give the setting a default, or require it`);
  }
  if (quantityMax(setting) === undefined) complain(place, needsBounds(setting));
}

export function needsBounds({ name }: Setting): string {
  return `${name} must be a number with a minimum from 0 and a maximum to ${QUANTITY_LIMITS.maximum}`;
}
