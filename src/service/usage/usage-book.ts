import type { Explanation } from "../../domain/explanation/explanation.ts";
import type { ReadRefusal } from "../../domain/ledger/refusal.ts";
import type { SealedTransaction } from "../../domain/ledger/transaction.ts";
import type { Time } from "../../domain/time.ts";
import type { RunCosts } from "../../domain/usage/run-costs.ts";
import type { UsageSums } from "../../domain/usage/usage.ts";
import type { Run } from "../../storage/usage/run-reader.ts";
import type { UsageQuery, UsageReport } from "../../storage/usage/usage-reader.ts";
import type { Page, PageRequest } from "../credit-ledger.ts";
import type { Answer } from "../receipt.ts";

export type { Run, UsageQuery, UsageReport };

/** What a run came to: by itself, and with the runs that it started. */
export type RunReading = Readonly<{
  /** Only named where nothing but the runs that it started ever reserved anything. */
  run: Pick<Run, "runId" | "sums"> & Partial<Run>;
  own: RunCosts;
  descendants: RunCosts;
  total: RunCosts;
  nodes: readonly Readonly<{ nodeId: string; costs: RunCosts }>[];
  /** What the nodes that are not told came to; undefined where all are. */
  otherNodes: RunCosts | undefined;
  models: readonly Readonly<{ modelId: string; costs: RunCosts }>[];
  otherModels: RunCosts | undefined;
  descendantCount: number;
  /** Whether there are more than were looked at. */
  descendantsCut: boolean;
}>;

export type RunFilter = Readonly<{
  dearestFirst: boolean;
  startTime: Time | undefined;
  endTime: Time | undefined;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  parentRunId: string | undefined;
}>;

export type UsageReading = UsageReport & Readonly<{ total: UsageSums }>;

export type RunNotFound = Readonly<{ reason: "RUN_NOT_FOUND"; organizationId: string; runId: string }>;

type Read<T> = Promise<Answer<T, ReadRefusal | RunNotFound>>;

/** What credits were spent on (R-HIST-3). All throw ServiceError. */
export interface UsageBook {
  /** Refusals: ORGANIZATION_NOT_FOUND, RUN_NOT_FOUND. */
  getRun(organizationId: string, runId: string): Read<RunReading>;
  /** Refusals: ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
  listRuns(organizationId: string, filter: RunFilter, page: PageRequest): Read<Page<Run>>;
  /** Refusals: ORGANIZATION_NOT_FOUND. */
  queryUsage(organizationId: string, query: UsageQuery): Read<UsageReading>;
  /** Refusals: ORGANIZATION_NOT_FOUND, TRANSACTION_NOT_FOUND. */
  explainTransaction(organizationId: string, version: bigint): Read<Explanation<SealedTransaction>>;
}
