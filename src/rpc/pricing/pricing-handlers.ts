import { create } from "@bufbuild/protobuf";
import {
  type EstimateCostRequest,
  EstimateCostRequestSchema,
  type EstimateCostResponse,
  EstimateCostResponseSchema,
  type GetModelRequest,
  GetModelRequestSchema,
  type GetModelResponse,
  GetModelResponseSchema,
  type ListModelsRequest,
  ListModelsRequestSchema,
  type ListModelsResponse,
  ListModelsResponseSchema,
  type PricingService,
} from "../../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import type { CreditLedger } from "../../service/credit-ledger.ts";
import type { PlanDesk } from "../../service/plan-desk.ts";
import type { Prices } from "../../service/pricing/prices.ts";
import { fromProtoText } from "../convert-context.ts";
import { fromProtoRateCardVersion } from "../convert-model-call.ts";
import { fromProtoPage } from "../convert-page.ts";
import type { Handlers } from "../endpoint.ts";
import { accepted } from "../refusal-problem.ts";
import { fromProtoCall, toProtoEstimate } from "./estimate-conversion.ts";
import { fromProtoModelKind, toProtoModel } from "./rate-card-conversion.ts";
import { getRateCard, listRateCards, publishRateCard } from "./rate-card-handlers.ts";
import { estimateRun } from "./run-handler.ts";

export function pricingHandlers(
  prices: Prices,
  ledger: CreditLedger,
  plans: PlanDesk,
): Handlers<typeof PricingService> {
  return {
    listModels: (request) => listModels(prices, request),
    getModel: (request) => getModel(prices, request),
    estimateCost: (request) => estimateCost(prices, request),
    estimateRun: (request) => estimateRun({ prices, ledger, plans }, request),
    publishRateCard: (request, context) => publishRateCard(prices, request, context),
    getRateCard: (request) => getRateCard(prices, request),
    listRateCards: (request) => listRateCards(prices, request),
  };
}

async function listModels(prices: Prices, request: ListModelsRequest): Promise<ListModelsResponse> {
  const filter = {
    kinds: request.kinds.flatMap((kind) => fromProtoModelKind(kind) ?? []),
    provider: fromProtoText(request.provider),
  };
  const version = fromProtoRateCardVersion(request.rateCardVersion);
  const answer = await prices.listModels(version, filter, fromProtoPage(request));
  const page = accepted(answer, {}, ListModelsRequestSchema);
  return create(ListModelsResponseSchema, {
    models: page.items.map(toProtoModel),
    nextPageToken: page.nextPageToken,
    rateCardVersion: page.version,
  });
}

async function getModel(prices: Prices, request: GetModelRequest): Promise<GetModelResponse> {
  const version = fromProtoRateCardVersion(request.rateCardVersion);
  const answer = await prices.getModel(request.modelId, version);
  const { model, example, ...found } = accepted(answer, {}, GetModelRequestSchema);
  const response = create(GetModelResponseSchema, {
    model: toProtoModel(model),
    rateCardVersion: found.version,
  });
  if (example !== undefined) response.example = toProtoEstimate(example, found.version);
  return response;
}

async function estimateCost(prices: Prices, request: EstimateCostRequest): Promise<EstimateCostResponse> {
  const call = fromProtoCall(request, "");
  const answer = await prices.estimateCost(call, fromProtoRateCardVersion(request.rateCardVersion));
  const { estimate, version } = accepted(answer, {}, EstimateCostRequestSchema);
  return create(EstimateCostResponseSchema, { estimate: toProtoEstimate(estimate, version) });
}
