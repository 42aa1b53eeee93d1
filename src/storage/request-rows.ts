import { type Kysely, sql } from "kysely";
import type { FirstUse } from "../domain/ledger/ledger.ts";
import type { TransactionKind } from "../domain/ledger/transaction.ts";
import { keyRows } from "./key-rows.ts";
import type { Key } from "./named.ts";
import { fromRowTime } from "./timestamp.ts";

export type UsedRequest = Readonly<{ organizationId: string; requestId: string; first: FirstUse }>;

type RequestRow = Readonly<{
  organization_id: string;
  fingerprint: Buffer;
  kind: TransactionKind;
  effective_time: string;
  version: string;
}>;

/** What earlier requests with these ids did (R-REQ-1). */
export async function selectRequests(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly UsedRequest[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<RequestRow & Readonly<{ request_id: string }>>`
    select t.organization_id, t.request_id, t.fingerprint, t.kind, t.effective_time, t.version
    from ${keyRows(keys, "uuid")}
    join transactions t on t.organization_id = k.o and t.request_id = k.i
    order by t.organization_id, t.request_id, t.request_ordinal`.execute(database);
  return gather(rows);
}

export type UsedRequestReference = Readonly<{ organizationId: string; reference: string; first: FirstUse }>;

/** What earlier requests did under these references; each of them did it in one change (R-GRANT-4). */
export async function selectRequestReferences(
  database: Kysely<unknown>,
  keys: readonly Key[],
): Promise<readonly UsedRequestReference[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<RequestRow & Readonly<{ request_reference: string }>>`
    select t.organization_id, t.request_reference, t.fingerprint, t.kind, t.effective_time, t.version
    from ${keyRows(keys, "text")}
    join transactions t on t.organization_id = k.o and t.request_reference = k.i`.execute(database);
  return rows.map((row) => ({
    organizationId: row.organization_id,
    reference: row.request_reference,
    first: firstUse(row),
  }));
}

/** The rows of one request follow each other. */
function gather(rows: readonly (RequestRow & Readonly<{ request_id: string }>)[]): readonly UsedRequest[] {
  const used: UsedRequest[] = [];
  for (const row of rows) {
    const last = used.at(-1);
    const version = BigInt(row.version);
    if (last?.organizationId === row.organization_id && last.requestId === row.request_id) {
      const versions = [...last.first.versions, version];
      used[used.length - 1] = { ...last, first: { ...last.first, versions } };
      continue;
    }
    used.push({ organizationId: row.organization_id, requestId: row.request_id, first: firstUse(row) });
  }
  return used;
}

function firstUse({ fingerprint, kind, effective_time, version }: RequestRow): FirstUse {
  const effectiveTime = fromRowTime(effective_time);
  return { fingerprint: fingerprint.toString("hex"), kind, effectiveTime, versions: [BigInt(version)] };
}
