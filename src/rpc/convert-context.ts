import type { SpendContext as ProtoSpendContext } from "../../gen/pleyor/credits/v1/spend_context_pb.ts";
import { NO_CONTEXT, type SpendContext } from "../domain/ledger/spend-context.ts";

const IDS = ["runId", "nodeId", "agentId", "workspaceId", "memberId", "parentRunId", "modelId"] as const;

type Ids = { -readonly [Name in (typeof IDS)[number]]?: string };

/** An empty id is an absent one, and so is an absent context one without anything. */
export function fromProtoSpendContext(context: ProtoSpendContext | undefined): SpendContext {
  if (context === undefined) return NO_CONTEXT;
  const ids: Ids = {};
  for (const name of IDS) {
    if (context[name] !== "") ids[name] = context[name];
  }
  const labelled = Object.keys(context.labels).length > 0;
  return labelled ? { ...ids, labels: context.labels } : ids;
}

export function toProtoSpendContext(context: SpendContext): ProtoSpendContext {
  return {
    $typeName: "pleyor.credits.v1.SpendContext",
    runId: context.runId ?? "",
    nodeId: context.nodeId ?? "",
    agentId: context.agentId ?? "",
    workspaceId: context.workspaceId ?? "",
    memberId: context.memberId ?? "",
    parentRunId: context.parentRunId ?? "",
    modelId: context.modelId ?? "",
    labels: { ...context.labels },
  };
}

/** Text that proto3 has no absence for. */
export function fromProtoText(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** A UUID in upper case is the same id. */
export function fromProtoUuid(uuid: string): string {
  return uuid.toLowerCase();
}
