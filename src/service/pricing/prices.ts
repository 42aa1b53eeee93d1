import type { ReadRefusal } from "../../domain/ledger/refusal.ts";
import type { Estimate } from "../../domain/pricing/estimate.ts";
import type { Model, ModelKind, RateCard } from "../../domain/pricing/model.ts";
import type { Call, RunEstimate } from "../../domain/pricing/priced-rate-card.ts";
import type { RateCardState, RateCardVersion } from "../../domain/pricing/rate-card-book.ts";
import type { ModelChange } from "../../domain/pricing/rate-card-difference.ts";
import type { CostRefusal, PublishRefusal } from "../../domain/pricing/refusal.ts";
import type { Time } from "../../domain/time.ts";
import type { Page, PageRequest } from "../credit-ledger.ts";
import type { Answer } from "../receipt.ts";

/** The request id published another rate card before (R-REQ-2). */
export type PublicationReused = Readonly<{
  reason: "REQUEST_ID_REUSED";
  requestId: string;
  first: Readonly<{ kind: "PUBLICATION"; effectiveTime: Time; versions: readonly bigint[] }>;
}>;

export type ModelFilter = Readonly<{ kinds: readonly ModelKind[]; provider: string | undefined }>;
export type ModelPage = Page<Model> & Readonly<{ version: bigint }>;
export type ModelReading = Readonly<{ model: Model; version: bigint; example: Estimate | undefined }>;
export type VersionReading = Readonly<{ version: RateCardVersion; state: RateCardState }>;
export type RateCardReading = VersionReading & Readonly<{ card: RateCard | undefined }>;

export type PublishRequest = Readonly<{
  card: RateCard;
  /** Undefined: at once. */
  effectiveTime: Time | undefined;
  dryRun: boolean;
  requestId: string;
  publisher: string;
}>;
export type Published = Readonly<{
  /** Undefined after a dry run. */
  reading: VersionReading | undefined;
  /** From the card that is current at its effective time. */
  changes: readonly ModelChange[];
  replayed: boolean;
}>;

type Priced<T> = Promise<Answer<T, CostRefusal | ReadRefusal>>;

/** The use cases of prices. A version that is undefined is the current one. All throw ServiceError. */
export interface Prices {
  /** Refusals: RATE_CARD_NOT_FOUND, PAGE_TOKEN_INVALID. */
  listModels(version: bigint | undefined, filter: ModelFilter, page: PageRequest): Priced<ModelPage>;
  /** Refusals: RATE_CARD_NOT_FOUND, MODEL_NOT_FOUND. */
  getModel(modelId: string, version: bigint | undefined): Priced<ModelReading>;
  /** Refusals: RATE_CARD_NOT_FOUND, MODEL_NOT_FOUND, SETTINGS_INVALID, USAGE_INVALID. */
  estimateCost(
    call: Call,
    version: bigint | undefined,
  ): Priced<Readonly<{ estimate: Estimate; version: bigint }>>;
  /** Refusals: those of `estimateCost`, with the index of the first call that has one. */
  estimateRun(calls: readonly Call[], version: bigint | undefined): Priced<RunEstimate>;
  /** Refusals: RATE_CARD_INVALID, REQUEST_ID_REUSED, EFFECTIVE_TIME_PASSED. */
  publishRateCard(
    request: PublishRequest,
    signal: AbortSignal,
  ): Promise<Answer<Published, PublishRefusal | PublicationReused>>;
  /** Refusals: RATE_CARD_NOT_FOUND. */
  getRateCard(version: bigint | undefined, includeModels: boolean): Priced<RateCardReading>;
  /** Newest first. Refusals: PAGE_TOKEN_INVALID. */
  listRateCards(page: PageRequest): Promise<Answer<Page<VersionReading>, ReadRefusal>>;
}
