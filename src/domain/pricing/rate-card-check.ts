import { AMOUNT_MICROS_MAX } from "../amount.ts";
import type { Model, RateCard, RateCardFault } from "./model.ts";
import { checkModel } from "./model-check.ts";
import { PricedModel, type ReadSchema } from "./priced-model.ts";
import type { RateCardInvalid } from "./refusal.ts";
import { type Setting, type SettingValue, show, spell } from "./setting.ts";

const MODELS_MAX = 10_000;
/** Who gets so many faults told won't miss the rest, and the check need not look for it. */
const FAULTS_MAX = 1_000;
/** How many conditions are looked at in all combinations of settings of one card: some 30 ms of work. */
const CONDITION_CHECKS_MAX = 500_000;
/** What it costs to make one combination, in condition checks. */
const COMBINATION_COST = 10;

/** What one check gathers and has left to spend. */
type Inspection = {
  readonly faults: RateCardFault[];
  checksLeft: number;
};

/** All that is wrong with a rate card (R-PRICE-5); undefined where it can be published. */
export function checkRateCard(card: RateCard, readSchema: ReadSchema): RateCardInvalid | undefined {
  const steps = checkSteps(card, readSchema);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * The same in steps of one model, so that a server can answer others between them. A step is bounded by what a
 * model may have, the sum by the card's size, whatever is in it.
 */
export function* checkSteps(
  card: RateCard,
  readSchema: ReadSchema,
): Generator<void, RateCardInvalid | undefined> {
  const inspection: Inspection = { faults: [], checksLeft: CONDITION_CHECKS_MAX };
  const { faults } = inspection;
  const { models } = card;
  if (models.length === 0) tell(inspection, "", "models", "missing");
  if (models.length > MODELS_MAX) tell(inspection, "", "models", `more than ${MODELS_MAX}`);
  const seen = new Set<string>();
  for (const model of models.length > MODELS_MAX ? [] : models) {
    if (seen.has(model.modelId)) tell(inspection, model.modelId, "model_id", "the card has this model twice");
    seen.add(model.modelId);
    inspect(model, readSchema, inspection);
    if (faults.length >= FAULTS_MAX) break;
    yield;
  }
  return faults.length === 0 ? undefined : { reason: "RATE_CARD_INVALID", faults };
}

function tell({ faults }: Inspection, modelId: string, place: string, problem: string): void {
  if (faults.length < FAULTS_MAX) faults.push({ modelId: show(modelId), place, problem });
}

function inspect(model: Model, readSchema: ReadSchema, inspection: Inspection): void {
  const before = inspection.faults.length;
  const complain = (place: string, problem: string) => tell(inspection, model.modelId, place, problem);
  const settings = checkModel(model, complain);
  // What follows computes with the model, so the model has to be computable.
  if (inspection.faults.length > before) return;
  const priced = new PricedModel(model, settings, readSchema);
  for (const { setting, problem } of priced.checkDefaults()) {
    complain(`settings_schema.properties.${setting}.default`, problem);
  }
  if (priced.dearestMicros() > AMOUNT_MICROS_MAX) {
    complain(
      "lines",
      `a call could cost more than ${AMOUNT_MICROS_MAX} microcredits; lower what settings and measures allow`,
    );
  }
  const unpriced = findUnpriced(model, settings, inspection);
  if (unpriced !== undefined) complain("lines", unpriced);
}

/**
 * A combination of settings for which no line has a price: it would be free of charge in silence. Only settings
 * that conditions name are combined.
 */
function findUnpriced(
  { lines }: Model,
  settings: ReadonlyMap<string, Setting>,
  inspection: Inspection,
): string | undefined {
  if (lines.some(({ conditions }) => conditions.length === 0)) return undefined;
  const named = new Set(lines.flatMap(({ conditions }) => conditions.map(({ setting }) => setting)));
  const choices = [...settings.values()].filter(({ name }) => named.has(name));
  const conditions = lines.map((line) =>
    line.conditions.map(({ setting, values }) => ({ setting, values: new Set(values) })),
  );
  const cost = COMBINATION_COST + conditions.flat().length;
  for (const combination of combine(choices)) {
    inspection.checksLeft -= cost;
    if (inspection.checksLeft < 0)
      return "too many combinations of conditions to check; add a line without any";
    const isPriced = conditions.some((all) =>
      all.every(({ setting, values }) => values.has(combination.get(setting) ?? "")),
    );
    if (!isPriced)
      return `no line has a price for ${[...combination].map(([name, value]) => `${name}=${value}`).join(", ")}`;
  }
  return undefined;
}

/** Every combination of the settings' values, one after the other, so that memory stays small. */
function* combine(choices: readonly Setting[]): Generator<ReadonlyMap<string, string>> {
  const values = choices.map(({ values: listed = [] }) => listed.map((value: SettingValue) => spell(value)));
  const at = choices.map(() => 0);
  for (let wheel = 0; wheel >= 0; ) {
    yield new Map(choices.map(({ name }, index) => [name, values[index]?.[at[index] ?? 0] ?? ""]));
    for (wheel = choices.length - 1; wheel >= 0; wheel -= 1) {
      const next = (at[wheel] ?? 0) + 1;
      at[wheel] = next < (values[wheel]?.length ?? 0) ? next : 0;
      if (at[wheel] !== 0) break;
    }
  }
}
