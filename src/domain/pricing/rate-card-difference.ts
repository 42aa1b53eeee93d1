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
  const before = new Map(previous?.card.models.map((model) => [model.modelId, model]));
  const after = new Map(next.card.models.map((model) => [model.modelId, model]));
  const modelIds = [...new Set([...before.keys(), ...after.keys()])].sort();
  return modelIds.flatMap((modelId) => {
    const kind = changeOf(before.get(modelId), after.get(modelId));
    if (kind === undefined) return [];
    return [
      {
        modelId,
        kind,
        previousExpectedMicros: previous && expectedMicros(previous, modelId),
        expectedMicros: expectedMicros(next, modelId),
      },
    ];
  });
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
