import type { Model } from "./model.ts";
import type { PricedRateCard } from "./priced-rate-card.ts";

/** A model that two rate cards differ in. */
export type ModelChange = Readonly<{
  modelId: string;
  kind: "ADDED" | "REMOVED" | "CHANGED";
  /** The expected cost with default settings; undefined where the card has no such model, or it requires a setting. */
  previousExpectedMicros: bigint | undefined;
  expectedMicros: bigint | undefined;
}>;

/** The models that differ, by model id. The order of a card's models means nothing. */
export function compareRateCards(previous: PricedRateCard | undefined, next: PricedRateCard): ModelChange[] {
  const steps = compareSteps(previous, next);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same in steps of one model, so that a server can answer others between them. */
export function* compareSteps(
  previous: PricedRateCard | undefined,
  next: PricedRateCard,
): Generator<void, ModelChange[]> {
  const before = new Map(previous?.card.models.map((model) => [model.modelId, model]));
  const after = new Map(next.card.models.map((model) => [model.modelId, model]));
  const changes: ModelChange[] = [];
  for (const modelId of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const kind = changeOf(before.get(modelId), after.get(modelId));
    if (kind !== undefined) {
      const previousExpectedMicros = previous && expectedMicros(previous, modelId);
      changes.push({ modelId, kind, previousExpectedMicros, expectedMicros: expectedMicros(next, modelId) });
    }
    yield;
  }
  return changes;
}

function changeOf(before: Model | undefined, after: Model | undefined): ModelChange["kind"] | undefined {
  if (before === undefined) return "ADDED";
  if (after === undefined) return "REMOVED";
  return canonicalModel(before) === canonicalModel(after) ? undefined : "CHANGED";
}

function expectedMicros(card: PricedRateCard, modelId: string): bigint | undefined {
  const answer = card.estimate({ modelId, settings: {}, known: new Map() });
  return "value" in answer ? answer.value.expectedMicros : undefined;
}

/** Equal models give equal texts, whatever the order of names in their objects. */
export function canonicalModel(model: Model): string {
  return JSON.stringify(model, (_name, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    if (value instanceof Map) return [...value].sort(byName);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(byName));
  });
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
