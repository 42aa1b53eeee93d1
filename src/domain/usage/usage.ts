import type { Transaction } from "../ledger/transaction.ts";
import type { Time } from "../time.ts";

/** What was used: charges and refunds, added up. */
export type UsageSums = Readonly<{
  /** Charges; a refund takes none away. */
  calls: bigint;
  /** Those that came after their hold had expired. */
  lateCalls: bigint;
  settledMicros: bigint;
  refundedMicros: bigint;
}>;

/** For what something was used; empty where nobody said. */
export type UsageKeys = Readonly<{
  runId: string;
  agentId: string;
  modelId: string;
  workspaceId: string;
  memberId: string;
}>;

/** What one transaction adds to usage, and when. */
export type UsageEntry = Readonly<{ time: Time; keys: UsageKeys; sums: UsageSums }>;

export const NO_USAGE: UsageSums = Object.freeze({
  calls: 0n,
  lateCalls: 0n,
  settledMicros: 0n,
  refundedMicros: 0n,
});

/** What of a transaction its usage depends on. */
export type Used = Pick<Transaction, "kind" | "effectiveTime" | "amountMicros" | "late" | "context">;

/**
 * A call is used once it is charged. A refund counts at its own time, so that what was
 * once told of a past day stays true; both are for the reservation's context. Holds are
 * no usage: undefined for all other kinds.
 */
export function usageOf(transaction: Used): UsageEntry | undefined {
  const { kind, effectiveTime: time, amountMicros, late, context = {} } = transaction;
  if (kind !== "SETTLE" && kind !== "CHARGE" && kind !== "REFUND") return undefined;
  const { runId = "", agentId = "", modelId = "", workspaceId = "", memberId = "" } = context;
  const keys = { runId, agentId, modelId, workspaceId, memberId };
  if (kind === "REFUND") return { time, keys, sums: { ...NO_USAGE, refundedMicros: amountMicros } };
  const lateCalls = late ? 1n : 0n;
  return { time, keys, sums: { ...NO_USAGE, calls: 1n, lateCalls, settledMicros: amountMicros } };
}

export function addUsage(left: UsageSums, right: UsageSums): UsageSums {
  return {
    calls: left.calls + right.calls,
    lateCalls: left.lateCalls + right.lateCalls,
    settledMicros: left.settledMicros + right.settledMicros,
    refundedMicros: left.refundedMicros + right.refundedMicros,
  };
}

/** Net of refunds; below zero where more was refunded, of earlier charges, than was charged. */
export function consumedMicros({ settledMicros, refundedMicros }: UsageSums): bigint {
  return settledMicros - refundedMicros;
}

/** What a call consumed, to the nearest microcredit, a half away from zero; undefined without calls. */
export function averageMicros(sums: UsageSums): bigint | undefined {
  const { calls } = sums;
  if (calls === 0n) return undefined;
  const consumed = consumedMicros(sums);
  const twice = 2n * (consumed < 0n ? -consumed : consumed);
  const rounded = (twice + calls) / (2n * calls);
  return consumed < 0n ? -rounded : rounded;
}
