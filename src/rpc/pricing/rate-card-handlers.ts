import { create } from "@bufbuild/protobuf";
import {
  type GetRateCardRequest,
  GetRateCardRequestSchema,
  type GetRateCardResponse,
  GetRateCardResponseSchema,
  type ListRateCardsRequest,
  ListRateCardsRequestSchema,
  type ListRateCardsResponse,
  ListRateCardsResponseSchema,
  type PublishRateCardRequest,
  PublishRateCardRequestSchema,
  type PublishRateCardResponse,
  PublishRateCardResponseSchema,
} from "../../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import {
  ModelChangeKind,
  ModelChangeSchema,
  type ModelChange as ProtoModelChange,
  RateCardState as ProtoRateCardState,
  type RateCardVersion as ProtoRateCardVersion,
  RateCardSchema,
  RateCardVersionSchema,
} from "../../../gen/pleyor/pricing/v1/rate_card_pb.ts";
import type { ModelChange } from "../../domain/pricing/rate-card-difference.ts";
import type { Prices, VersionReading } from "../../service/pricing/prices.ts";
import type { CallContext } from "../call.ts";
import { fromProtoUuid } from "../convert-context.ts";
import { fromProtoRateCardVersion } from "../convert-model-call.ts";
import { fromProtoPage } from "../convert-page.ts";
import { fromProtoTimestamp, toProtoTimestamp } from "../convert-time.ts";
import { accepted } from "../refusal-problem.ts";
import { fromProtoRateCard, toProtoRateCard } from "./rate-card-conversion.ts";

export async function publishRateCard(
  prices: Prices,
  request: PublishRateCardRequest,
  { principal, signal }: CallContext,
): Promise<PublishRateCardResponse> {
  const { effectiveTime, dryRun } = request;
  const publication = {
    card: fromProtoRateCard(request.rateCard ?? create(RateCardSchema)),
    effectiveTime: effectiveTime && fromProtoTimestamp(effectiveTime, "effective_time"),
    dryRun,
    requestId: fromProtoUuid(request.requestId),
    publisher: principal,
  };
  const answer = await prices.publishRateCard(publication, signal);
  const { reading, changes, replayed } = accepted(answer, {}, PublishRateCardRequestSchema);
  const response = create(PublishRateCardResponseSchema, {
    changes: changes.map(toProtoModelChange),
    replayed,
  });
  if (reading !== undefined) response.rateCardVersion = toProtoRateCardVersion(reading);
  return response;
}

export async function getRateCard(prices: Prices, request: GetRateCardRequest): Promise<GetRateCardResponse> {
  const answer = await prices.getRateCard(fromProtoRateCardVersion(request.version), request.includeModels);
  const reading = accepted(answer, {}, GetRateCardRequestSchema);
  const { title } = reading.version;
  return create(GetRateCardResponseSchema, {
    rateCardVersion: toProtoRateCardVersion(reading),
    rateCard: toProtoRateCard(reading.card ?? { title, models: [] }),
  });
}

export async function listRateCards(
  prices: Prices,
  request: ListRateCardsRequest,
): Promise<ListRateCardsResponse> {
  const answer = await prices.listRateCards(fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, {}, ListRateCardsRequestSchema);
  return create(ListRateCardsResponseSchema, {
    rateCardVersions: items.map(toProtoRateCardVersion),
    nextPageToken,
  });
}

function toProtoRateCardVersion({ version, state }: VersionReading): ProtoRateCardVersion {
  return create(RateCardVersionSchema, {
    version: version.version,
    effectiveTime: toProtoTimestamp(version.effectiveTime),
    publishTime: toProtoTimestamp(version.publishTime),
    publisher: version.publisher,
    state: ProtoRateCardState[state],
    title: version.title,
    modelCount: version.modelCount,
  });
}

function toProtoModelChange(change: ModelChange): ProtoModelChange {
  const { modelId, kind, previousExpectedMicros, expectedMicros } = change;
  const proto = create(ModelChangeSchema, { modelId, kind: ModelChangeKind[kind] });
  if (previousExpectedMicros !== undefined) proto.previousExpectedMicros = previousExpectedMicros;
  if (expectedMicros !== undefined) proto.expectedMicros = expectedMicros;
  return proto;
}
