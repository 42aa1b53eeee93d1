/** For what credits are spent; usage is reported by it. */
export type SpendContext = Readonly<{
  runId?: string;
  nodeId?: string;
  agentId?: string;
  workspaceId?: string;
  memberId?: string;
  parentRunId?: string;
  modelId?: string;
  labels?: Readonly<Record<string, string>>;
}>;

export const NO_CONTEXT: SpendContext = Object.freeze({});
