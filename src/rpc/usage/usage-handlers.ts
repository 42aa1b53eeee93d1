import { create } from "@bufbuild/protobuf";
import { RunOrder } from "../../../gen/pleyor/credits/v1/usage_pb.ts";
import {
  type ExplainTransactionRequest,
  ExplainTransactionRequestSchema,
  type ExplainTransactionResponse,
  ExplainTransactionResponseSchema,
  type GetRunRequest,
  GetRunRequestSchema,
  type GetRunResponse,
  GetRunResponseSchema,
  type ListRunsRequest,
  ListRunsRequestSchema,
  type ListRunsResponse,
  ListRunsResponseSchema,
  type QueryUsageRequest,
  QueryUsageRequestSchema,
  type QueryUsageResponse,
  QueryUsageResponseSchema,
  type UsageService,
} from "../../../gen/pleyor/credits/v1/usage_service_pb.ts";
import type { UsageBook } from "../../service/usage/usage-book.ts";
import { fromProtoText } from "../convert-context.ts";
import { fromProtoPage } from "../convert-page.ts";
import type { Handlers } from "../endpoint.ts";
import { accepted } from "../refusal-problem.ts";
import { toProtoExplanation } from "./explanation-conversion.ts";
import {
  fromProtoTimes,
  fromProtoUsageQuery,
  toProtoRun,
  toProtoRunCosts,
  toProtoUsageGroup,
  toProtoUsageSums,
} from "./usage-conversion.ts";

export function usageHandlers(usage: UsageBook): Handlers<typeof UsageService> {
  return {
    getRun: (request) => getRun(usage, request),
    listRuns: (request) => listRuns(usage, request),
    queryUsage: (request) => queryUsage(usage, request),
    explainTransaction: (request) => explainTransaction(usage, request),
  };
}

async function explainTransaction(
  usage: UsageBook,
  request: ExplainTransactionRequest,
): Promise<ExplainTransactionResponse> {
  const answer = await usage.explainTransaction(request.organizationId, request.version);
  const explanation = accepted(answer, request, ExplainTransactionRequestSchema);
  return create(ExplainTransactionResponseSchema, { explanation: toProtoExplanation(explanation) });
}

async function getRun(usage: UsageBook, request: GetRunRequest): Promise<GetRunResponse> {
  const answer = await usage.getRun(request.organizationId, request.runId);
  const reading = accepted(answer, request, GetRunRequestSchema);
  const { run, own, descendants, total, nodes, otherNodes, models, otherModels } = reading;
  const response = create(GetRunResponseSchema, {
    run: toProtoRun(run),
    own: toProtoRunCosts(own),
    descendants: toProtoRunCosts(descendants),
    total: toProtoRunCosts(total),
    nodes: nodes.map(({ nodeId, costs }) => ({ nodeId, costs: toProtoRunCosts(costs) })),
    models: models.map(({ modelId, costs }) => ({ modelId, costs: toProtoRunCosts(costs) })),
    descendantCount: reading.descendantCount,
    descendantsCut: reading.descendantsCut,
  });
  if (otherNodes !== undefined) response.otherNodes = toProtoRunCosts(otherNodes);
  if (otherModels !== undefined) response.otherModels = toProtoRunCosts(otherModels);
  return response;
}

async function listRuns(usage: UsageBook, request: ListRunsRequest): Promise<ListRunsResponse> {
  const filter = {
    ...fromProtoTimes(request),
    dearestFirst: request.order === RunOrder.DEAREST_FIRST,
    agentId: fromProtoText(request.agentId),
    workspaceId: fromProtoText(request.workspaceId),
    memberId: fromProtoText(request.memberId),
    parentRunId: fromProtoText(request.parentRunId),
  };
  const answer = await usage.listRuns(request.organizationId, filter, fromProtoPage(request));
  const { items, nextPageToken } = accepted(answer, request, ListRunsRequestSchema);
  return create(ListRunsResponseSchema, { runs: items.map(toProtoRun), nextPageToken });
}

async function queryUsage(usage: UsageBook, request: QueryUsageRequest): Promise<QueryUsageResponse> {
  const answer = await usage.queryUsage(request.organizationId, fromProtoUsageQuery(request));
  const report = accepted(answer, request, QueryUsageRequestSchema);
  return create(QueryUsageResponseSchema, {
    groups: report.groups.map(toProtoUsageGroup),
    rest: report.rest.map(toProtoUsageGroup),
    restCount: report.restCount,
    total: toProtoUsageSums(report.total),
    version: report.version,
  });
}
