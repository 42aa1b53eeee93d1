import type { SpendContext } from "../domain/ledger/spend-context.ts";
import type { BulkColumn } from "./bulk.ts";

/** The columns of a spend context, as reservations and transactions both have them. */
export type ContextRow = Readonly<{
  run_id: string | null;
  node_id: string | null;
  agent_id: string | null;
  workspace_id: string | null;
  member_id: string | null;
  parent_run_id: string | null;
  model_id: string | null;
  labels: Record<string, string> | null;
}>;

type WithContext = Readonly<{ context?: SpendContext }>;

const IDS = [
  ["run_id", "runId"],
  ["node_id", "nodeId"],
  ["agent_id", "agentId"],
  ["workspace_id", "workspaceId"],
  ["member_id", "memberId"],
  ["parent_run_id", "parentRunId"],
  ["model_id", "modelId"],
] as const;

export const CONTEXT_COLUMNS: readonly BulkColumn<WithContext>[] = [
  ...IDS.map(
    ([name, field]) =>
      ({ name, array: "text", value: (row: WithContext) => row.context?.[field] ?? null }) as const,
  ),
  { name: "labels", array: "jsonb", value: ({ context }) => labelsText(context) },
];

export function fromRowContext(row: ContextRow): SpendContext {
  const context: { -readonly [K in keyof SpendContext]: SpendContext[K] } = {};
  for (const [column, field] of IDS) if (row[column] !== null) context[field] = row[column];
  if (row.labels !== null) context.labels = row.labels;
  return context;
}

function labelsText(context: SpendContext | undefined): string | null {
  return context?.labels === undefined ? null : JSON.stringify(context.labels);
}
