import { type RawBuilder, sql } from "kysely";
import type { TransactionKind } from "../domain/ledger/transaction.ts";
import type { Time } from "../domain/time.ts";
import { all } from "./sql-condition.ts";
import type { TransactionRow } from "./transaction-rows.ts";

export type TransactionQuery = Readonly<{
  kinds: readonly TransactionKind[];
  runId: string | undefined;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  modelId: string | undefined;
  startTime: Time | undefined;
  endTime: Time | undefined;
  beforeVersion: bigint | undefined;
  limit: number;
}>;

/** The versions of a span of time. */
export type VersionRange = Readonly<{ after: bigint | undefined; upTo: bigint | undefined }>;

/** The kinds that nearly all transactions are of; the index of kinds leaves them out. */
const FREQUENT_KINDS: readonly TransactionKind[] = ["RESERVE", "SETTLE"];
const IS_RARE = sql.raw(`kind not in (${FREQUENT_KINDS.map((kind) => `'${kind}'`).join(", ")})`);

/**
 * A page of history, the newest first. Each filter has an index in the order of the page, so that the page of what is
 * rare is found as fast as that of what is frequent; where several are given, one of them finds and the others choose.
 */
export function transactionPage(
  organizationId: string,
  query: TransactionQuery,
  { after, upTo }: VersionRange,
): RawBuilder<TransactionRow> {
  const { kinds, runId, agentId, workspaceId, memberId, modelId, beforeVersion, limit } = query;
  const conditions = [
    sql`organization_id = ${organizationId}`,
    runId !== undefined && sql`run_id = ${runId}`,
    agentId !== undefined && sql`agent_id = ${agentId}`,
    workspaceId !== undefined && sql`workspace_id = ${workspaceId}`,
    memberId !== undefined && sql`member_id = ${memberId}`,
    modelId !== undefined && sql`model_id = ${modelId}`,
    after !== undefined && sql`version > ${after}`,
    upTo !== undefined && sql`version <= ${upTo}`,
    beforeVersion !== undefined && sql`version < ${beforeVersion}`,
  ];
  if (kinds.length > 0 && !kinds.some((kind) => FREQUENT_KINDS.includes(kind)))
    return pageOfRareKinds(kinds, conditions, limit);
  return sql`
    select * from transactions
    where ${all([...conditions, kinds.length > 0 && sql`kind = any(${kinds})`])}
    order by version desc limit ${limit}`;
}

/** A page of each kind, since the index has each in order, but not all of them; of these the newest. */
function pageOfRareKinds(
  kinds: readonly TransactionKind[],
  conditions: readonly (RawBuilder<unknown> | false)[],
  limit: number,
): RawBuilder<TransactionRow> {
  return sql`
    select t.* from unnest(${[...new Set(kinds)]}::text[]) as k (kind) cross join lateral (
      select * from transactions where ${all([...conditions, sql`kind = k.kind`, IS_RARE])}
      order by version desc limit ${limit}) t
    order by t.version desc limit ${limit}`;
}
