import type { Multiplier, PriceLine, RateCard } from "../domain/pricing/model.ts";

/** JSON knows neither bigints nor maps, nor fields that are undefined. */
type MultiplierText = Omit<Multiplier, "factors"> & Readonly<{ factors: readonly [string, string][] }>;
type LineText = Omit<PriceLine, "per" | "multipliers"> &
  Readonly<{ per: string; multipliers: readonly MultiplierText[] }>;
type CardText = Omit<RateCard, "models"> &
  Readonly<{
    models: readonly (Omit<RateCard["models"][number], "lines"> & Readonly<{ lines: readonly LineText[] }>)[];
  }>;

/** A rate card as it is stored; reading it gives an equal card, settings in their order. */
export function toRowRateCard({ title, models }: RateCard): string {
  const text: CardText = {
    title,
    models: models.map((model) => ({ ...model, lines: model.lines.map(toLineText) })),
  };
  return JSON.stringify(text);
}

export function fromRowRateCard(text: string): RateCard {
  const { title, models } = JSON.parse(text) as CardText;
  return {
    title,
    models: models.map((model) => ({
      ...model,
      measures: model.measures.map((measure) => ({ ...measure, limitedBy: measure.limitedBy ?? undefined })),
      lines: model.lines.map(fromLineText),
    })),
  };
}

function toLineText(line: PriceLine): LineText {
  const multipliers = line.multipliers.map(({ setting, factors }) => ({ setting, factors: [...factors] }));
  return { ...line, per: String(line.per), multipliers };
}

function fromLineText({ price, ...line }: LineText): PriceLine {
  return {
    ...line,
    per: BigInt(line.per),
    price:
      "rate" in price
        ? price
        : { ...price, tiers: price.tiers.map(({ upTo, rate }) => ({ upTo: upTo ?? undefined, rate })) },
    multipliers: line.multipliers.map(({ setting, factors }) => ({ setting, factors: new Map(factors) })),
  };
}
