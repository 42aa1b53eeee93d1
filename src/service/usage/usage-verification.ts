import type { Discrepancy } from "../../domain/ledger/discrepancy.ts";
import type { Time } from "../../domain/time.ts";
import type { CalendarSpan } from "../../domain/usage/calendar-span.ts";
import { type UsageSums, usageOf } from "../../domain/usage/usage.ts";
import { type ClosedSpan, rowName, type SummaryRow, UsageTally } from "../../domain/usage/usage-tally.ts";
import type { UsageAudit } from "../../storage/usage/usage-audit.ts";
import { Breath } from "../breath.ts";

/** So many are named of an organization; where there are more, the first of them say where to look. */
const DISCREPANCIES_MAX = 1_000;
/** Rows that are compared at once. */
const ROWS_TOGETHER = 2_000;

/**
 * Sums an organization's transactions up again, as far as its cursor says that they are,
 * and compares with what is stored (R-HIST-3, R-HIST-4). By the domain rather than by the
 * statement that filled the summaries, one span at a time.
 */
export async function usageDiscrepancies(audit: UsageAudit): Promise<readonly Discrepancy[]> {
  const { cursor, head } = await audit.extent();
  const comparison = new Comparison(audit);
  if (cursor > head) comparison.tell("usage cursor", `at most ${head}`, String(cursor));
  const tally = new UsageTally();
  const breath = new Breath();
  for await (const transaction of audit.used(cursor)) {
    await breath.take();
    const entry = usageOf(transaction);
    if (entry === undefined) continue;
    for (const closed of tally.add(entry)) await comparison.compare(closed);
    if (comparison.isFull) return comparison.found;
  }
  for (const closed of tally.finish()) await comparison.compare(closed);
  await comparison.finish();
  for await (const { run_id, expected, found } of audit.wrongRuns(cursor)) {
    if (comparison.isFull) break;
    comparison.tell(`usage of run ${run_id}`, expected ?? "nothing", found ?? "nothing");
  }
  return comparison.found;
}

const SPANS: readonly CalendarSpan[] = ["hour", "day", "month"];

class Comparison {
  readonly found: Discrepancy[] = [];
  readonly #audit: UsageAudit;
  /** What of each length of span waits for more, so that an hour in which little was used costs no look of its own. */
  readonly #waiting = new Map<CalendarSpan, Pick<ClosedSpan, "startTime" | "rows">>();
  /** Where each length of span has been compared up to. */
  readonly #compared = new Map<CalendarSpan, Time>();

  constructor(audit: UsageAudit) {
    this.#audit = audit;
  }

  get isFull(): boolean {
    return this.found.length >= DISCREPANCIES_MAX;
  }

  tell(place: string, expected: string, found: string): void {
    if (!this.isFull) this.found.push({ organizationId: this.#audit.organizationId, place, expected, found });
  }

  /** Also finds rows of spans in which nothing was used. */
  async compare({ span, startTime, rows }: ClosedSpan): Promise<void> {
    const waiting = this.#waiting.get(span);
    const together = waiting === undefined ? rows : new Map([...waiting.rows, ...rows]);
    if (together.size < ROWS_TOGETHER) this.#waiting.set(span, { startTime, rows: together });
    else await this.#compareRows(span, startTime, together);
  }

  async #compareRows(span: CalendarSpan, upTo: Time, rows: ClosedSpan["rows"]): Promise<void> {
    this.#waiting.delete(span);
    const most = rows.size + DISCREPANCIES_MAX;
    const stored = await this.#audit.summaries(span, this.#compared.get(span), upTo, most);
    this.#compared.set(span, upTo);
    const found = new Map(stored.map((row) => [rowName(row), row]));
    for (const [name, row] of rows) this.#compareRow(row, row.sums, found.get(name)?.sums);
    for (const [name, row] of found) if (!rows.has(name)) this.#compareRow(row, undefined, row.sums);
  }

  /** What still waits, and what is stored of spans after the last one. */
  async finish(): Promise<void> {
    for (const [span, { startTime, rows }] of this.#waiting) await this.#compareRows(span, startTime, rows);
    for (const span of SPANS) {
      const more = await this.#audit.summaries(span, this.#compared.get(span), undefined, DISCREPANCIES_MAX);
      for (const row of more) this.#compareRow(row, undefined, row.sums);
    }
  }

  #compareRow(row: SummaryRow, expected: UsageSums | undefined, found: UsageSums | undefined): void {
    const [left, right] = [show(expected), show(found)];
    if (left === right) return;
    const keys = Object.entries(row.keys).filter(([, id]) => id !== "");
    const told = keys.map(([key, id]) => `, ${key} ${id}`).join("");
    const start = new Date(Number(row.startTime / 1_000n)).toISOString();
    this.tell(`usage of ${row.span} ${start} in summary ${row.number}${told}`, left, right);
  }
}

function show(sums: UsageSums | undefined): string {
  if (sums === undefined) return "nothing";
  return `${sums.calls} calls (${sums.lateCalls} late), ${sums.settledMicros} settled, ${sums.refundedMicros} refunded`;
}
