import { type Kysely, type RawBuilder, sql } from "kysely";
import { SEGMENT_VERSIONS, type SegmentField } from "./history-segments.ts";

/** A value of a column that occurs in a segment. */
export type SegmentEntry = Readonly<{ field: SegmentField; value: string; segment: bigint }>;

type EntryRow = Readonly<{ field: SegmentField; value: string; segment: string }>;
type Key = Readonly<{ field: string; value: string; segment: string }>;
type CheckedRow = EntryRow & Readonly<{ occurs: boolean }>;

const COUNTED_ROWS = 50_000;
/** Each of them is looked for in the 512 changes of its segment. */
const CHECKED_ROWS = 500;

/** No field is empty. */
const BEFORE_ALL = { field: "", value: "", segment: "-1" } as const;

/** How an audit goes on: once the signal is aborted, no further page is read. */
export type SegmentPaging = Readonly<{ signal: AbortSignal; onPage: () => void }>;

/** The index of one organization's history, to be compared with its transactions; in statements that each look at little. */
export class SegmentAudit {
  readonly organizationId: string;
  readonly #database: Kysely<unknown>;
  readonly #paging: SegmentPaging;

  constructor(database: Kysely<unknown>, organizationId: string, paging: SegmentPaging) {
    this.#database = database;
    this.organizationId = organizationId;
    this.#paging = paging;
  }

  /** How many segments are indexed, and how many are complete. */
  async extent(): Promise<{ indexed: bigint; complete: bigint }> {
    const { organizationId } = this;
    const [row] = await this.#page(sql<{ indexed: string; complete: string }>`
      select coalesce((select segments from history_indexing where organization_id = ${organizationId}), 0) as indexed,
        coalesce((select version from accounts where organization_id = ${organizationId}), 0) / ${SEGMENT_VERSIONS}
          as complete`);
    return { indexed: BigInt(row?.indexed ?? 0), complete: BigInt(row?.complete ?? 0) };
  }

  /** Those of the entries that are not stored. */
  async missing(entries: readonly SegmentEntry[]): Promise<readonly SegmentEntry[]> {
    const rows = await this.#page(sql<EntryRow>`
      select k.* from unnest(${entries.map(({ field }) => field)}::text[],
        ${entries.map(({ value }) => value)}::text[],
        ${entries.map(({ segment }) => String(segment))}::bigint[]) as k (field, value, segment)
      where not exists (select from history_segments s where s.organization_id = ${this.organizationId}
        and s.field = k.field and s.value = k.value and s.segment = k.segment)`);
    return rows.map(fromRowEntry);
  }

  /** How many are stored. */
  async count(): Promise<number> {
    let count = 0;
    for (let last: Key = BEFORE_ALL; ; ) {
      const [page] = await this.#page(sql<EntryRow & { count: number }>`
        select (count(*) over ())::integer as count, p.* from (${this.#after(last, COUNTED_ROWS)}) p
        order by field desc, value desc, segment desc limit 1`);
      if (page === undefined) return count;
      count += page.count;
      last = page;
    }
  }

  /** The stored entries that do not occur, or whose segment is not among so many that are indexed. */
  async *unfounded(indexed: bigint): AsyncGenerator<SegmentEntry> {
    for (let last: Key | undefined = BEFORE_ALL; last !== undefined; ) {
      const rows: readonly CheckedRow[] = await this.#page(sql<CheckedRow>`
        select p.*, segment < ${indexed} and exists (
          select from transactions t where t.organization_id = ${this.organizationId}
            and t.version > segment * ${SEGMENT_VERSIONS} and t.version <= (segment + 1) * ${SEGMENT_VERSIONS}
            and case field when 'kind' then t.kind when 'agent_id' then t.agent_id when 'member_id' then t.member_id
              when 'model_id' then t.model_id when 'workspace_id' then t.workspace_id end = value) as occurs
        from (${this.#after(last, CHECKED_ROWS)}) p order by field, value, segment`);
      for (const row of rows) if (!row.occurs) yield fromRowEntry(row);
      last = rows.at(-1);
    }
  }

  #after({ field, value, segment }: Key, limit: number): RawBuilder<unknown> {
    return sql`
      select field, value, segment from history_segments
      where organization_id = ${this.organizationId} and (field, value, segment) > (${field}, ${value}, ${segment})
      order by field, value, segment limit ${limit}`;
  }

  async #page<Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> {
    this.#paging.signal.throwIfAborted();
    const { rows } = await statement.execute(this.#database);
    this.#paging.onPage();
    return rows;
  }
}

function fromRowEntry({ field, value, segment }: EntryRow): SegmentEntry {
  return { field, value, segment: BigInt(segment) };
}
