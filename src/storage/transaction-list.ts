import { type Kysely, type RawBuilder, sql } from "kysely";
import type { SealedTransaction, TransactionKind } from "../domain/ledger/transaction.ts";
import { findSegments, indexedVersion, SEGMENT_VERSIONS, type SegmentCondition } from "./history-segments.ts";
import { fromRowTransaction, type TransactionRow } from "./transaction-rows.ts";

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
  transactions: readonly SealedTransaction[];
  before: bigint | undefined;
}>;

/** So many segments are looked through for one page: 4,096 changes, about 3 ms. */
const PAGE_SEGMENTS = 8;

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

  async page(range: VersionRange, size: number): Promise<TransactionListPage> {
    const { runId } = this.#conditions;
    const segmented = segmentConditions(this.#conditions);
    // A run's changes have an index of their own, and all changes are in the primary key's order.
    if (runId !== undefined || segmented.length === 0)
      return this.#close(await this.#select([range], size), size);
    const indexed = await indexedVersion(this.#database, this.#organizationId);
    return range.upTo > indexed
      ? this.#throughTail(range, size, indexed)
      : this.#throughSegments(range, size, [], PAGE_SEGMENTS);
  }

  /** What is not indexed yet, then the segments before it. */
  async #throughTail(
    { after, upTo }: VersionRange,
    size: number,
    indexed: bigint,
  ): Promise<TransactionListPage> {
    const budget = BigInt(PAGE_SEGMENTS) * SEGMENT_VERSIONS;
    const start = largest(after, indexed, upTo - budget);
    const found = await this.#select([{ after: start, upTo }], size);
    if (found.length > size || start <= after) return this.#close(found, size);
    if (start > indexed) return { transactions: found, before: start + 1n };
    const left = PAGE_SEGMENTS - Number((upTo - start) / SEGMENT_VERSIONS);
    return this.#throughSegments({ after, upTo: start }, size, found, Math.max(left, 1));
  }

  async #throughSegments(
    { after, upTo }: VersionRange,
    size: number,
    found: readonly SealedTransaction[],
    most: number,
  ): Promise<TransactionListPage> {
    if (upTo <= after) return this.#close(found, size);
    const range = { from: after / SEGMENT_VERSIONS, to: (upTo - 1n) / SEGMENT_VERSIONS, limit: most + 1 };
    const conditions = segmentConditions(this.#conditions);
    const segments = await findSegments(this.#database, this.#organizationId, conditions, range);
    const ranges = segments.map((segment) => ({
      after: largest(after, segment * SEGMENT_VERSIONS),
      upTo: smallest(upTo, (segment + 1n) * SEGMENT_VERSIONS),
    }));
    const all = [...found];
    // What is frequent is all in the first of them.
    for (const some of [ranges.slice(0, 1), ranges.slice(1, most)])
      if (some.length > 0 && all.length <= size) all.push(...(await this.#select(some, size - all.length)));
    const next = ranges[most];
    if (all.length > size || !next) return this.#close(all, size);
    return { transactions: all, before: next.upTo + 1n };
  }

  /** Up to one more than so many, the newest first. Each range by itself: in one, the planner would go through all. */
  async #select(ranges: readonly VersionRange[], size: number): Promise<readonly SealedTransaction[]> {
    const where = sql.join(
      [sql`t.organization_id = ${this.#organizationId}`, ...columnConditions(this.#conditions)],
      sql` and `,
    );
    const { rows } = await sql<TransactionRow>`
      select f.* from unnest(${ranges.map(({ after }) => String(after))}::bigint[],
        ${ranges.map(({ upTo }) => String(upTo))}::bigint[]) as r (after, up_to)
      cross join lateral (
        select t.* from transactions t where ${where} and t.version > r.after and t.version <= r.up_to
        order by t.version desc limit ${size + 1}) f
      order by f.version desc limit ${size + 1}`.execute(this.#database);
    return rows.map(fromRowTransaction);
  }

  #close(found: readonly SealedTransaction[], size: number): TransactionListPage {
    const transactions = found.slice(0, size);
    return { transactions, before: found.length > size ? transactions.at(-1)?.version : undefined };
  }
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

function largest(...versions: readonly bigint[]): bigint {
  return versions.reduce((most, version) => (version > most ? version : most), 0n);
}

function smallest(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
