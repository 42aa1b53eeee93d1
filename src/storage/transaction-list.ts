import { type Kysely, type RawBuilder, sql } from "kysely";
import type { ListedTransaction, TransactionKind } from "../domain/ledger/transaction.ts";
import { columnsOf } from "./bulk.ts";
import {
  type FoundSegments,
  findSegments,
  SEGMENT_VERSIONS,
  type SegmentCondition,
} from "./history-segments.ts";
import { fromRowListed, LISTED_COLUMNS, type ListedRow } from "./transaction-rows.ts";

export type TransactionConditions = Readonly<{
  kinds: readonly TransactionKind[];
  runId: string | undefined;
  agentId: string | undefined;
  workspaceId: string | undefined;
  memberId: string | undefined;
  modelId: string | undefined;
}>;

/** Versions after the first and up to the second. */
export type VersionRange = Readonly<{ after: bigint; upTo: bigint }>;

/** The newest first. `before`: older than this the next page begins; undefined where there is none. */
export type TransactionListPage = Readonly<{
  transactions: readonly ListedTransaction[];
  before: bigint | undefined;
}>;

/** So many segments are looked through for one page: 2,048 changes. With twice as many, pages of what is rare took longer than 5 ms. */
const PAGE_SEGMENTS = 4;

const OF_TABLE = columnsOf("t", LISTED_COLUMNS);
const OF_FOUND = columnsOf("f", LISTED_COLUMNS);

/**
 * One page of an organization's history. What is rare in it is found by segments, so
 * that a page takes about the same time however long history is and however little
 * of it matches; for that, a page may be shorter than it was asked to be.
 */
export class TransactionList {
  readonly #database: Kysely<unknown>;
  readonly #organizationId: string;
  readonly #conditions: TransactionConditions;

  constructor(database: Kysely<unknown>, organizationId: string, conditions: TransactionConditions) {
    this.#database = database;
    this.#organizationId = organizationId;
    this.#conditions = conditions;
  }

  /** `lastVersion`: the organization's; nothing newer is in the page, and what can be is looked up before it is known. */
  async page(asked: VersionRange, lastVersion: Promise<bigint>, size: number): Promise<TransactionListPage> {
    const { runId } = this.#conditions;
    const segmented = segmentConditions(this.#conditions);
    // A run's changes have an index of their own, and all changes are in the primary key's order.
    const isSegmented = runId === undefined && segmented.length > 0 && asked.upTo > asked.after;
    const found = isSegmented ? await this.#segmentsWith(segmented, asked) : undefined;
    const range = { after: asked.after, upTo: smallest(asked.upTo, await lastVersion) };
    if (range.upTo <= range.after) return { transactions: [], before: undefined };
    if (!found) return this.#close(await this.#select([range], size), size);
    const { ranges, before } = rangesOf(found, range);
    const page = this.#close(await this.#select(ranges, size), size);
    return page.before === undefined ? { ...page, before } : page;
  }

  #segmentsWith(
    conditions: readonly SegmentCondition[],
    { after, upTo }: VersionRange,
  ): Promise<FoundSegments> {
    return findSegments(this.#database, this.#organizationId, conditions, {
      from: after / SEGMENT_VERSIONS,
      to: (upTo - 1n) / SEGMENT_VERSIONS,
      limit: PAGE_SEGMENTS + 1,
    });
  }

  /** Up to one more than so many, the newest first; `ranges` are so, too. */
  async #select(ranges: readonly VersionRange[], size: number): Promise<readonly ListedTransaction[]> {
    const where = sql.join(
      [sql`t.organization_id = ${this.#organizationId}`, ...columnConditions(this.#conditions)],
      sql` and `,
    );
    // Range by range, in their order, which ends with the last row that is wanted: sorting would go through all of them.
    const { rows } = await sql<ListedRow>`
      select ${OF_FOUND} from unnest(${ranges.map(({ after }) => String(after))}::bigint[],
        ${ranges.map(({ upTo }) => String(upTo))}::bigint[]) as r (after, up_to)
      cross join lateral (
        select ${OF_TABLE} from transactions t where ${where} and t.version > r.after and t.version <= r.up_to
        order by t.version desc limit ${size + 1}) f
      limit ${size + 1}`.execute(this.#database);
    const found = rows.map(fromRowListed);
    if (ranges.length < 2 || isDescending(found)) return found;
    // No plan is known that gives them in another order; should one do so, they may not be the newest.
    const each: ListedTransaction[] = [];
    for (const range of ranges)
      if (each.length <= size) each.push(...(await this.#select([range], size - each.length)));
    return each;
  }

  #close(found: readonly ListedTransaction[], size: number): TransactionListPage {
    const transactions = found.slice(0, size);
    return { transactions, before: found.length > size ? transactions.at(-1)?.version : undefined };
  }
}

/**
 * Where the next page is looked for, the newest first: what is not indexed yet, then segments before it. `before`:
 * where the page after it begins; undefined where that is all.
 */
function rangesOf(
  { indexed, segments }: FoundSegments,
  { after, upTo }: VersionRange,
): Readonly<{ ranges: readonly VersionRange[]; before: bigint | undefined }> {
  const tail = { after: largest(after, indexed, upTo - BigInt(PAGE_SEGMENTS) * SEGMENT_VERSIONS), upTo };
  if (tail.after > largest(after, indexed)) return { ranges: [tail], before: tail.after + 1n };
  const hasTail = tail.after < upTo;
  const most = hasTail
    ? Math.max(PAGE_SEGMENTS - Number((upTo - tail.after) / SEGMENT_VERSIONS), 1)
    : PAGE_SEGMENTS;
  const found = segments.map((segment) => ({
    after: largest(after, segment * SEGMENT_VERSIONS),
    upTo: smallest(upTo, (segment + 1n) * SEGMENT_VERSIONS),
  }));
  const next = found[most];
  const ranges = hasTail ? [tail, ...found.slice(0, most)] : found.slice(0, most);
  return { ranges, before: next && next.upTo + 1n };
}

function segmentConditions(conditions: TransactionConditions): readonly SegmentCondition[] {
  const { kinds, agentId, workspaceId, memberId, modelId } = conditions;
  const ids = [
    ["agent_id", agentId],
    ["member_id", memberId],
    ["model_id", modelId],
    ["workspace_id", workspaceId],
  ] as const;
  const named = ids.flatMap(([field, value]) => (value === undefined ? [] : [{ field, values: [value] }]));
  return kinds.length === 0 ? named : [...named, { field: "kind", values: kinds }];
}

function columnConditions(conditions: TransactionConditions): readonly RawBuilder<unknown>[] {
  const { runId } = conditions;
  const segmented = segmentConditions(conditions).map(({ field, values }) => {
    const [only] = values;
    const column = sql`t.${sql.ref(field)}`;
    return values.length === 1 ? sql`${column} = ${only}` : sql`${column} = any(${[...values]}::text[])`;
  });
  return runId === undefined ? segmented : [sql`t.run_id = ${runId}`, ...segmented];
}

function isDescending(transactions: readonly ListedTransaction[]): boolean {
  return transactions.every(({ version }, index) => version > (transactions[index + 1]?.version ?? -1n));
}

function largest(...versions: readonly bigint[]): bigint {
  return versions.reduce((most, version) => (version > most ? version : most), 0n);
}

function smallest(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
