import { type Kysely, type RawBuilder, sql } from "kysely";
import type { TransactionKind } from "../../domain/ledger/transaction.ts";
import type { Time } from "../../domain/time.ts";
import type { CalendarSpan } from "../../domain/usage/calendar-span.ts";
import { SUMMARIES, summaryNumber } from "../../domain/usage/summary.ts";
import type { Used } from "../../domain/usage/usage.ts";
import type { SummaryRow } from "../../domain/usage/usage-tally.ts";
import { fromRowTime, toRowTime } from "../timestamp.ts";
import { fromRowSums } from "./usage-reader.ts";
import { KEY_COLUMNS, runsOfTransactions, SUM_COLUMNS, type VersionRange } from "./usage-sql.ts";

const PAGE_ROWS = 5_000;
const PAGE_RUNS = 2_000;
/** Transactions of them; a run with more is a page by itself. */
const PAGE_RUN_ROWS = 20_000;

type KeyRow = Readonly<
  Record<"agent_id" | "model_id" | "workspace_id" | "member_id" | "run_id", string | null>
>;
type EntryRow = KeyRow &
  Readonly<{
    version: string;
    kind: TransactionKind;
    effective_time: string;
    amount_micros: string;
    late: boolean | null;
  }>;
type SummedRow = KeyRow &
  Readonly<{
    keys: number;
    span: CalendarSpan;
    start_time: string;
    calls: string;
    late_calls: string;
    settled_micros: string;
    refunded_micros: string;
  }>;

/** The transactions after one version, up to another. */
export type Versions = Omit<VersionRange, "organizationId">;

/** A run whose totals are not what its transactions come to. */
export type WrongRun = Readonly<{ run_id: string; expected: string | null; found: string | null }>;

/** How an audit goes on: once the signal is aborted, no further page is read. */
export type UsagePaging = Readonly<{ signal: AbortSignal; onPage: () => void }>;

/** What is summed up of one organization, to be compared with its transactions; in pages, for there may be much of it. */
export class UsageAudit {
  readonly organizationId: string;
  readonly #database: Kysely<unknown>;
  readonly #paging: UsagePaging;

  constructor(database: Kysely<unknown>, organizationId: string, paging: UsagePaging) {
    this.#database = database;
    this.organizationId = organizationId;
    this.#paging = paging;
  }

  /** Up to which version it is summed up, and which is the last. */
  async extent(): Promise<{ cursor: bigint; head: bigint }> {
    const { organizationId } = this;
    const [row] = await this.#page(sql<{ cursor: string; head: string }>`
      select coalesce((select version from usage_cursors where organization_id = ${organizationId}), 0) as cursor,
        coalesce((select version from accounts where organization_id = ${organizationId}), 0) as head`);
    return { cursor: BigInt(row?.cursor ?? 0), head: BigInt(row?.head ?? 0) };
  }

  /** What was used, in order. */
  async *used({ after, upTo }: Versions): AsyncGenerator<Used & Readonly<{ version: bigint }>> {
    for (let last = after; ; ) {
      const rows = await this.#page(sql<EntryRow>`
        select version, kind, effective_time, amount_micros, late, ${KEY_COLUMNS} from transactions
        where organization_id = ${this.organizationId} and version > ${last} and version <= ${upTo}
          and kind in ('SETTLE', 'CHARGE', 'REFUND')
        order by version limit ${PAGE_ROWS}`);
      for (const row of rows) yield fromRowUsed(row);
      if (rows.length < PAGE_ROWS) return;
      last = BigInt(rows.at(-1)?.version ?? 0);
    }
  }

  /** The rows of the spans that begin after a time, up to another; without an end, all. In pages. */
  async *summaries(
    span: CalendarSpan,
    after: Time | undefined,
    upTo: Time | undefined,
  ): AsyncGenerator<readonly SummaryRow[]> {
    // One by one, because the primary key has them before the time.
    for (const number of SUMMARIES.filter(({ spans }) => spans.includes(span)).map(summaryNumber)) {
      for (let next = sql`start_time > ${after === undefined ? "-infinity" : toRowTime(after)}`; ; ) {
        const rows = await this.#page(sql<SummedRow>`
          select keys, span, start_time, ${KEY_COLUMNS}, ${SUM_COLUMNS} from usage_summaries
          where organization_id = ${this.organizationId} and keys = ${number} and span = ${span} and ${next}
            and start_time <= ${upTo === undefined ? "infinity" : toRowTime(upTo)}
          order by start_time, ${KEY_COLUMNS} limit ${PAGE_ROWS}`);
        yield rows.map(fromRowSummary);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE_ROWS) break;
        const { start_time, agent_id, model_id, workspace_id, member_id, run_id } = last;
        next = sql`(start_time, ${KEY_COLUMNS}) >
          (${start_time}, ${agent_id}, ${model_id}, ${workspace_id}, ${member_id}, ${run_id})`;
      }
    }
  }

  /** The runs that are wrong, page by page: each page is what there is of runs between two names. */
  async *wrongRuns(upTo: bigint): AsyncGenerator<WrongRun> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const next: string | undefined = await this.#lastRunOfPage(after, upTo);
      const between =
        next === undefined ? sql`run_id > ${after}` : sql`run_id > ${after} and run_id <= ${next}`;
      const { organizationId } = this;
      const rows = await this.#page(sql<WrongRun>`
        select coalesce(e.run_id, f.run_id) as run_id, e::text as expected, f::text as found
        from (${runsOfTransactions({ organizationId, after: 0n, upTo }, between)}) e
        full join (select run_id, first_version, start_time, update_time, agent_id, workspace_id, member_id,
            parent_run_id, ${SUM_COLUMNS} from usage_runs
          where organization_id = ${organizationId} and ${between}) f on f.run_id = e.run_id
        where e is distinct from f
        order by 1 limit ${PAGE_RUNS}`);
      yield* rows;
      after = next;
    }
  }

  /**
   * The last run after one of which there is not more than a page, neither of what is summed up nor of
   * transactions, whatever was removed. Undefined where no more than that is left.
   */
  async #lastRunOfPage(after: string, upTo: bigint): Promise<string | undefined> {
    const { organizationId } = this;
    const [last] = await this.#page(sql<{ run_id: string | null }>`
      select least(
        (select run_id from usage_runs where organization_id = ${organizationId} and run_id > ${after}
          order by run_id offset ${PAGE_RUNS - 1} limit 1),
        (select run_id from transactions where organization_id = ${organizationId} and run_id > ${after}
            and version <= ${upTo}
          order by run_id, version offset ${PAGE_RUN_ROWS - 1} limit 1)) as run_id`);
    return last?.run_id ?? undefined;
  }

  async #page<Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> {
    this.#paging.signal.throwIfAborted();
    const { rows } = await statement.execute(this.#database);
    this.#paging.onPage();
    return rows;
  }
}

function fromRowUsed(row: EntryRow): Used & Readonly<{ version: bigint }> {
  const { kind, late } = row;
  return {
    version: BigInt(row.version),
    kind,
    effectiveTime: fromRowTime(row.effective_time),
    amountMicros: BigInt(row.amount_micros),
    ...(late === null ? {} : { late }),
    context: fromRowKeys(row),
  };
}

function fromRowSummary(row: SummedRow): SummaryRow {
  const { keys: number, span } = row;
  return {
    number,
    span,
    startTime: fromRowTime(row.start_time),
    keys: fromRowKeys(row),
    sums: fromRowSums(row),
  };
}

function fromRowKeys({ agent_id, model_id, workspace_id, member_id, run_id }: KeyRow) {
  return {
    runId: run_id ?? "",
    agentId: agent_id ?? "",
    modelId: model_id ?? "",
    workspaceId: workspace_id ?? "",
    memberId: member_id ?? "",
  };
}
