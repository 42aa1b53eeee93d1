import { describeLimits, QUANTITY_LIMITS, readDecimal } from "./decimal.ts";
import { checkLine } from "./line-check.ts";
import type { Complain, Measure, Model } from "./model.ts";
import { checkNumeric, Names, needsBounds } from "./model-names.ts";
import { isAbove, type Ratio, ZERO } from "./ratio.ts";
import { isName, quantityMax, type Setting, show } from "./setting.ts";
import { readSettings } from "./settings-schema.ts";

const MODEL_ID = /^[A-Za-z0-9_.:/@-]{1,128}$/;
const MEASURES_MAX = 32;
const LINES_MAX = 64;
const TITLE_LENGTH_MAX = 1024;

/** Tells all that is wrong with one model, but for the price of its dearest call; gives its settings. */
export function checkModel(model: Model, complain: Complain): ReadonlyMap<string, Setting> {
  checkHead(model, complain);
  const settings = readSettings(model.settingsSchema, complain);
  const measures = new Map(model.measures.slice(0, MEASURES_MAX).map((measure) => [measure.name, measure]));
  const names = new Names(settings, measures);
  if (model.measures.length > MEASURES_MAX) complain("measures", `more than ${MEASURES_MAX}`);
  checkTwins("measures", model.measures.slice(0, MEASURES_MAX), complain);
  if (model.lines.length === 0)
    complain("lines", "missing: what is free of charge has a line with the rate 0");
  if (model.lines.length > LINES_MAX) complain("lines", `more than ${LINES_MAX}`);
  checkTwins("lines", model.lines.slice(0, LINES_MAX), complain);
  for (const line of model.lines.slice(0, LINES_MAX)) checkLine(line, names, complain);
  // After the lines, because a measure that they use passes its use on to its settings.
  for (const measure of measures.values()) checkMeasure(measure, names, complain);
  for (const name of settings.keys()) {
    if (!names.isUsed(name)) complain(`settings_schema.properties.${name}`, "no price line uses it");
  }
  return settings;
}

function checkHead({ modelId, kind, title, provider, description }: Model, complain: Complain): void {
  if (!MODEL_ID.test(modelId)) complain("model_id", "must be 1-128 of letters, digits and -_.:/@");
  if (kind === undefined) complain("kind", "missing");
  if ([title, provider, description].some((text) => text.length > TITLE_LENGTH_MAX)) {
    complain("title", `title, provider and description have at most ${TITLE_LENGTH_MAX} characters each`);
  }
}

function checkTwins(place: string, named: readonly { readonly name: string }[], complain: Complain): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (!isName(name)) complain(`${place}.${show(name)}`, "is no lower-case word");
    if (seen.has(name)) complain(`${place}.${show(name)}`, "is there twice");
    seen.add(name);
  }
}

function checkMeasure(measure: Measure, names: Names, complain: Complain): void {
  const place = `measures.${show(measure.name)}`;
  if (!names.isUsed(measure.name)) complain(place, "no price line uses it");
  if (names.settings.has(measure.name)) complain(place, "a setting has the same name");
  for (const name of measure.times) {
    const setting = names.useSetting(name);
    if (setting === undefined) complain(`${place}.times`, `${show(name)} is an unknown setting`);
    else checkNumeric(setting, `${place}.times`, complain);
  }
  if (measure.limitedBy !== undefined) {
    const setting = names.useSetting(measure.limitedBy);
    if (setting === undefined)
      complain(`${place}.limited_by`, `${show(measure.limitedBy)} is an unknown setting`);
    else if (quantityMax(setting) === undefined) complain(`${place}.limited_by`, needsBounds(setting));
  }
  checkOrder(measure, place, complain);
}

function checkOrder(measure: Measure, place: string, complain: Complain): void {
  const read = (name: "minimum" | "expected" | "maximum"): Ratio | undefined => {
    const text = measure[name];
    const ratio = readDecimal(text, QUANTITY_LIMITS);
    if (ratio === undefined) {
      complain(
        `${place}.${name}`,
        text === "" ? "missing" : `${show(text)} is not ${describeLimits(QUANTITY_LIMITS)}`,
      );
    }
    return ratio;
  };
  const [minimum, expected, maximum] = [read("minimum"), read("expected"), read("maximum")];
  if (isAbove(minimum ?? ZERO, expected ?? minimum ?? ZERO)) complain(`${place}.minimum`, "above expected");
  if (isAbove(expected ?? ZERO, maximum ?? expected ?? ZERO)) complain(`${place}.expected`, "above maximum");
}
