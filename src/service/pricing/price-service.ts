import type { ReadRefusal } from "../../domain/ledger/refusal.ts";
import type { Model } from "../../domain/pricing/model.ts";
import type { Call, PricedRateCard, RunEstimate } from "../../domain/pricing/priced-rate-card.ts";
import type { RateCardVersion } from "../../domain/pricing/rate-card-book.ts";
import type { CostRefusal, RateCardRefusal } from "../../domain/pricing/refusal.ts";
import type { Page, PageRequest } from "../credit-ledger.ts";
import { guarded } from "../guarded.ts";
import { list } from "../listing.ts";
import type { Answer } from "../receipt.ts";
import type {
  ModelFilter,
  ModelPage,
  Prices,
  PublishRequest,
  RateCardReading,
  VersionReading,
} from "./prices.ts";
import type { Publication } from "./publication.ts";
import type { BookReading, RateCardShelf } from "./rate-card-shelf.ts";

type Priced<T> = Promise<Answer<T, CostRefusal | ReadRefusal>>;
type Found = BookReading & Readonly<{ version: RateCardVersion }>;

const VERSION = /^[1-9]\d{0,17}$/;
const TOKEN_INVALID = {
  refusal: { reason: "PAGE_TOKEN_INVALID", explanation: "the page token is not one that this query gave" },
} as const;
/** Whether a call with default settings is possible is tried; that a setting is missing is no fault then. */
const NO_SETTINGS = { settings: {}, known: new Map<string, string>() } as const;

/** Prices from the rate cards that are published in PostgreSQL. */
export class PriceService implements Prices {
  readonly #shelf: RateCardShelf;
  readonly #publication: Publication;

  constructor(shelf: RateCardShelf, publication: Publication) {
    this.#shelf = shelf;
    this.#publication = publication;
  }

  async listModels(asked: bigint | undefined, filter: ModelFilter, page: PageRequest): Priced<ModelPage> {
    // A token names its card, so that pages go on with it even if another one has come.
    const [prefix, named] = /^(\d{1,18}) /.exec(page.token) ?? ["", undefined];
    const ofCard = { ...page, token: page.token.slice(prefix.length) };
    const version = asked ?? (named === undefined ? undefined : BigInt(named));
    const answer = await this.#priced(version, (_found, card) => pageOfModels(card, filter, ofCard));
    const isMadeUp = "refusal" in answer && asked === undefined && named !== undefined;
    return isMadeUp ? TOKEN_INVALID : answer;
  }

  getModel(modelId: string, asked: bigint | undefined): ReturnType<Prices["getModel"]> {
    return this.#priced(asked, ({ version: { version } }, card) => {
      const priced = card.find(modelId);
      if (priced === undefined) return { refusal: { reason: "MODEL_NOT_FOUND", modelId, version } };
      const example = card.estimate({ modelId, ...NO_SETTINGS });
      return {
        value: { model: priced.model, version, example: "value" in example ? example.value : undefined },
      };
    });
  }

  estimateCost(call: Call, asked: bigint | undefined): ReturnType<Prices["estimateCost"]> {
    return this.#priced(asked, ({ version: { version } }, card) => {
      const answer = card.estimate(call);
      return "refusal" in answer ? answer : { value: { estimate: answer.value, version } };
    });
  }

  estimateRun(calls: readonly Call[], asked: bigint | undefined): Priced<RunEstimate> {
    return this.#priced(asked, (_found, card) => {
      const answer = card.estimateRun(calls);
      return "value" in answer ? answer : { refusal: { ...answer.refusal, itemIndex: answer.callIndex } };
    });
  }

  publishRateCard(request: PublishRequest, signal: AbortSignal): ReturnType<Prices["publishRateCard"]> {
    return guarded(() => this.#publication.publish(request, signal));
  }

  getRateCard(asked: bigint | undefined, includeModels: boolean): Priced<RateCardReading> {
    return guarded(async () => {
      const found = await this.#find(asked);
      if ("refusal" in found) return found;
      const { version } = found.version;
      const card = includeModels ? (await this.#shelf.card(version)).card : undefined;
      return { value: { ...readingOf(found), card } };
    });
  }

  listRateCards(page: PageRequest): Promise<Answer<Page<VersionReading>, ReadRefusal>> {
    return guarded(async () => {
      const { book, now } = await this.#shelf.look();
      return list({
        query: ["rate cards"],
        page,
        keyOf: ({ version }) => String(version.version),
        isKey: (key) => VERSION.test(key),
        select: async (after, limit) =>
          book.versions
            .filter(({ version }) => after === undefined || version < BigInt(after))
            .slice(0, limit)
            .map((version) => readingOf({ book, now, version })),
      });
    });
  }

  #priced<T>(
    asked: bigint | undefined,
    price: (found: Found, card: PricedRateCard) => Awaited<Priced<T>> | Priced<T>,
  ): Priced<T> {
    return guarded(async () => {
      const found = await this.#find(asked);
      if ("refusal" in found) return found;
      return price(found, await this.#shelf.card(found.version.version));
    });
  }

  async #find(asked: bigint | undefined): Promise<Found | Readonly<{ refusal: RateCardRefusal }>> {
    const { book, now } = await this.#shelf.look();
    const version = asked === undefined ? book.current(now) : book.find(asked);
    if (version === undefined) return { refusal: { reason: "RATE_CARD_NOT_FOUND", version: asked } };
    return { book, now, version };
  }
}

async function pageOfModels(
  { card, version }: PricedRateCard,
  filter: ModelFilter,
  page: PageRequest,
): Priced<ModelPage> {
  const models = card.models.filter((model) => fits(model, filter)).toSorted(byModelId);
  const answer = await list<Model>({
    query: ["models", version, filter],
    page,
    keyOf: ({ modelId }) => modelId,
    isKey: () => true,
    select: async (after = "", limit) => models.filter(({ modelId }) => modelId > after).slice(0, limit),
  });
  if ("refusal" in answer) return answer;
  const { items, nextPageToken } = answer.value;
  return {
    value: { items, nextPageToken: nextPageToken === "" ? "" : `${version} ${nextPageToken}`, version },
  };
}

function readingOf({ book, now, version }: Found): VersionReading {
  return { version, state: book.state(version, now) };
}

function fits({ kind, provider }: Model, filter: ModelFilter): boolean {
  const isKind = filter.kinds.length === 0 || filter.kinds.some((each) => each === kind);
  return isKind && (filter.provider === undefined || filter.provider === provider);
}

function byModelId(left: Model, right: Model): number {
  return left.modelId < right.modelId ? -1 : 1;
}
