import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Coverage, CoverageSchema } from "../../../gen/pleyor/pricing/v1/estimate_pb.ts";
import {
  type EstimateRunRequest,
  EstimateRunRequestSchema,
  type EstimateRunResponse,
  EstimateRunResponseSchema,
} from "../../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { type Account, availableMicros } from "../../domain/ledger/account.ts";
import type { RunEstimate } from "../../domain/pricing/priced-rate-card.ts";
import type { CreditLedger } from "../../service/credit-ledger.ts";
import type { PlanDesk } from "../../service/plan-desk.ts";
import type { Prices } from "../../service/pricing/prices.ts";
import { fromProtoRateCardVersion } from "../convert-model-call.ts";
import { toProtoInsufficientCredits } from "../refusal-detail.ts";
import { accepted } from "../refusal-problem.ts";
import { fromProtoCall, toProtoRunEstimate } from "./estimate-conversion.ts";

/** What a run costs, and whether an organization's balance covers it, or what would: the balance of now, which nothing holds. */
export async function estimateRun(
  { prices, ledger, plans }: Readonly<{ prices: Prices; ledger: CreditLedger; plans: PlanDesk }>,
  request: EstimateRunRequest,
): Promise<EstimateRunResponse> {
  const { nodes, organizationId } = request;
  const calls = nodes.map((node, index) => fromProtoCall(node, `nodes[${index}].`));
  const answer = await prices.estimateRun(calls, fromProtoRateCardVersion(request.rateCardVersion));
  const run = accepted(withNode(answer, nodes), {}, EstimateRunRequestSchema);
  const estimate = toProtoRunEstimate(
    run,
    nodes.map(({ nodeId }) => nodeId),
  );
  if (organizationId !== "") {
    const balance = await ledger.getBalance(organizationId, undefined);
    estimate.coverage = await coverageOf(accepted(balance, request, EstimateRunRequestSchema), run, plans);
  }
  return create(EstimateRunResponseSchema, { estimate });
}

type RunAnswer = Awaited<ReturnType<Prices["estimateRun"]>>;

/** Tells the node that can't be priced by its id. */
function withNode(answer: RunAnswer, nodes: EstimateRunRequest["nodes"]): RunAnswer {
  if (!("refusal" in answer) || !("itemIndex" in answer.refusal)) return answer;
  const { refusal } = answer;
  const nodeId = nodes[refusal.itemIndex ?? -1]?.nodeId;
  return nodeId === undefined ? answer : ({ refusal: { ...refusal, nodeId } } as RunAnswer);
}

async function coverageOf(
  { organizationId, balance }: Account,
  run: RunEstimate,
  plans: PlanDesk,
): Promise<Coverage> {
  const available = availableMicros(balance);
  // Zero needs nothing, so it is covered even where there is debt (R-AMT-4).
  const covers = (micros: bigint) => micros === 0n || micros <= available;
  const coverage: MessageInitShape<typeof CoverageSchema> = {
    organizationId,
    availableMicros: available,
    expectedCovered: covers(run.expectedMicros),
    maximumCovered: covers(run.maximumMicros),
  };
  if (coverage.expectedCovered) return create(CoverageSchema, coverage);
  const requiredMicros = run.expectedMicros;
  const remedy = await plans.remedyFor(organizationId, requiredMicros - available);
  const missing = { availableMicros: available, requiredMicros, itemIndex: undefined, remedy };
  return create(CoverageSchema, { ...coverage, insufficientCredits: toProtoInsufficientCredits(missing) });
}
