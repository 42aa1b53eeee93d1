import type { Discrepancy } from "../../domain/ledger/discrepancy.ts";
import type { Transaction } from "../../domain/ledger/transaction.ts";
import type { CalendarSpan } from "../../domain/usage/calendar-span.ts";
import { type Used, usageOf } from "../../domain/usage/usage.ts";
import { type ClosedSpan, UsageTally } from "../../domain/usage/usage-tally.ts";
import type { UsageAudit } from "../../storage/usage/usage-audit.ts";
import { SummaryComparison } from "./summary-comparison.ts";

/** Of each length of span in memory; about 30 MB. */
const ROWS_MAX = 50_000;

/** A change with its number, and what of it its usage depends on. */
export type UsedChange = Used & Pick<Transaction, "version">;

/**
 * Sums an organization's transactions up again as they are fed in order, as far as its
 * cursor says that they are, and compares with what is stored (R-HIST-3, R-HIST-4). By the
 * domain rather than by the statement that filled the summaries, and in bounded memory.
 */
export class UsageVerification {
  readonly #audit: UsageAudit;
  readonly #cursor: bigint;
  readonly #tally: UsageTally;
  readonly #comparison: SummaryComparison;
  /** The change with which each length of span that is open began. */
  readonly #began = new Map<CalendarSpan, bigint>();
  #failure: unknown;
  #version = 0n;

  private constructor(audit: UsageAudit, cursor: bigint, comparison: SummaryComparison, rowsMax: number) {
    this.#audit = audit;
    this.#cursor = cursor;
    this.#comparison = comparison;
    this.#tally = new UsageTally({ rowsMax });
  }

  /** `rowsMax`: how many rows of each length of span are kept in memory. */
  static async begin(audit: UsageAudit, rowsMax: number = ROWS_MAX): Promise<UsageVerification> {
    const { cursor, head } = await audit.extent();
    const comparison = new SummaryComparison(audit);
    if (cursor > head) comparison.tell("usage cursor", `at most ${head}`, String(cursor));
    return new UsageVerification(audit, cursor, comparison, rowsMax);
  }

  /** The next change; a promise where there is something to compare before the one after it. */
  add(change: UsedChange): Promise<void> | undefined {
    const { version } = change;
    if (version <= 0n || version > this.#cursor || this.#isDone) return undefined;
    const entry = usageOf(change);
    if (entry === undefined) return undefined;
    const closed = this.#tally.add(entry);
    this.#version = version;
    return closed.length === 0 ? undefined : this.#compare(closed, version);
  }

  /** After the last change; throws what reading the summaries came to, if they could not be read. */
  async finish(): Promise<readonly Discrepancy[]> {
    await this.#compare(this.#tally.finish(), this.#version + 1n);
    if (this.#failure === undefined) await this.#attempt(() => this.#comparison.finish());
    if (this.#failure !== undefined) throw this.#failure;
    const comparison = this.#comparison;
    if (comparison.isFull) return comparison.found;
    for await (const { run_id, expected, found } of this.#audit.wrongRuns(this.#cursor)) {
      comparison.tell(`usage of run ${run_id}`, expected ?? "nothing", found ?? "nothing");
      if (comparison.isFull) break;
    }
    return comparison.found;
  }

  get #isDone(): boolean {
    return this.#failure !== undefined || this.#comparison.isFull;
  }

  async #compare(closed: readonly ClosedSpan[], version: bigint): Promise<void> {
    for (const each of closed) {
      if (this.#isDone) return;
      const range = { after: (this.#began.get(each.span) ?? 1n) - 1n, upTo: version - 1n };
      await this.#attempt(() => this.#comparison.compare(each, range));
      if (each.isOver) this.#began.set(each.span, version);
    }
  }

  /** The changes themselves go on to be looked at, whatever is amiss with what is summed up of them. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure = error;
    }
  }
}
