import type { Estimate, Answer as PriceAnswer, Usage, UsagePrice } from "./estimate.ts";
import { estimateCost, priceUsage } from "./estimate.ts";
import type { JsonObject, Model, RateCard } from "./model.ts";
import { PricedModel, type ReadSchema } from "./priced-model.ts";
import type { PriceRefusal, RateCardRefusal } from "./refusal.ts";
import { readSettings } from "./settings-schema.ts";

/** A call of a model, as a run's node wants to make it. */
export type Call = Readonly<{ modelId: string; settings: JsonObject; known: Usage }>;

/** What the calls of a run will cost, each and together. */
export type RunEstimate = Readonly<{
  version: bigint;
  estimates: readonly Estimate[];
  minimumMicros: bigint;
  expectedMicros: bigint;
  maximumMicros: bigint;
}>;

export type RunAnswer =
  | Readonly<{ value: RunEstimate }>
  /** The first call, from 0, that can't be priced. */
  | Readonly<{ refusal: PriceRefusal | RateCardRefusal; callIndex: number }>;

/**
 * A published rate card to price by. It was checked when it was published. Models are read when they are first
 * asked for, so that a card of thousands is ready at once.
 */
export class PricedRateCard {
  readonly version: bigint;
  readonly card: RateCard;
  readonly #readSchema: ReadSchema;
  readonly #models: ReadonlyMap<string, Model>;
  readonly #priced = new Map<string, PricedModel>();

  constructor(version: bigint, card: RateCard, readSchema: ReadSchema) {
    this.version = version;
    this.card = card;
    this.#readSchema = readSchema;
    this.#models = new Map(card.models.map((model) => [model.modelId, model]));
  }

  /** Undefined where the card has no such model. */
  find(modelId: string): PricedModel | undefined {
    const known = this.#priced.get(modelId);
    if (known !== undefined) return known;
    const model = this.#models.get(modelId);
    if (model === undefined) return undefined;
    const settings = readSettings(model.settingsSchema, () => {});
    const priced = new PricedModel(model, settings, this.#readSchema);
    this.#priced.set(modelId, priced);
    return priced;
  }

  /** Refusals: MODEL_NOT_FOUND, SETTINGS_INVALID, USAGE_INVALID. */
  estimate({
    modelId,
    settings,
    known,
  }: Call): PriceAnswer<Estimate> | Readonly<{ refusal: RateCardRefusal }> {
    const priced = this.find(modelId);
    return priced === undefined ? this.#notFound(modelId) : estimateCost(priced, settings, known);
  }

  /** What a call did cost; `known` is all that was measured. Refusals: as of `estimate`. */
  priceUsage({
    modelId,
    settings,
    known,
  }: Call): PriceAnswer<UsagePrice> | Readonly<{ refusal: RateCardRefusal }> {
    const priced = this.find(modelId);
    return priced === undefined ? this.#notFound(modelId) : priceUsage(priced, settings, known);
  }

  /** Refusals: as of `estimate`, for the first call that has one. */
  estimateRun(calls: readonly Call[]): RunAnswer {
    const estimates: Estimate[] = [];
    for (const [callIndex, call] of calls.entries()) {
      const answer = this.estimate(call);
      if ("refusal" in answer) return { refusal: answer.refusal, callIndex };
      estimates.push(answer.value);
    }
    const total = (bound: "minimumMicros" | "expectedMicros" | "maximumMicros") =>
      estimates.reduce((sum, estimate) => sum + estimate[bound], 0n);
    return {
      value: {
        version: this.version,
        estimates,
        minimumMicros: total("minimumMicros"),
        expectedMicros: total("expectedMicros"),
        maximumMicros: total("maximumMicros"),
      },
    };
  }

  #notFound(modelId: string): Readonly<{ refusal: RateCardRefusal }> {
    return { refusal: { reason: "MODEL_NOT_FOUND", modelId, version: this.version } };
  }
}
