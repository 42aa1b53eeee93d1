import type { Time } from "../time.ts";
import { type CalendarSpan, startOf } from "./calendar-span.ts";
import { SUMMARIES, type Summary, summaryNumber } from "./summary.ts";
import { addUsage, NO_USAGE, type UsageEntry, type UsageKeys, type UsageSums } from "./usage.ts";

/** One row of a summary: what was used in one span, with the keys that the summary tells apart. */
export type SummaryRow = Readonly<{
  number: number;
  span: CalendarSpan;
  startTime: Time;
  keys: UsageKeys;
  sums: UsageSums;
}>;

const NO_KEYS: UsageKeys = { runId: "", agentId: "", modelId: "", workspaceId: "", memberId: "" };

/** Rows of one span, by a text that tells them apart. */
type Rows = Map<string, SummaryRow>;

/** A span that is over, with all of its rows. */
export type ClosedSpan = Readonly<{
  span: CalendarSpan;
  startTime: Time;
  rows: ReadonlyMap<string, SummaryRow>;
}>;

/**
 * Sums usage up as the summaries have it, in the order of its times: a span is closed
 * by the first entry after it, so that no more than an hour, a day and a month are in
 * memory. It is the meaning of the summaries, against which they are verified.
 */
export class UsageTally {
  readonly #open = new Map<CalendarSpan, { startTime: Time; rows: Rows }>();

  /** Adds an entry; returns the spans that it closes. */
  add(entry: UsageEntry): readonly ClosedSpan[] {
    const closed: ClosedSpan[] = [];
    for (const summary of SUMMARIES) {
      for (const span of summary.spans) {
        const startTime = startOf(span, entry.time);
        const open = this.#open.get(span);
        if (open !== undefined && open.startTime !== startTime) closed.push({ span, ...open });
        const { rows } = open?.startTime === startTime ? open : this.#begin(span, startTime);
        addTo(rows, rowOf(summary, span, startTime, entry));
      }
    }
    return closed;
  }

  /** Closes what is open. */
  finish(): readonly ClosedSpan[] {
    const closed = [...this.#open].map(([span, open]) => ({ span, ...open }));
    this.#open.clear();
    return closed;
  }

  #begin(span: CalendarSpan, startTime: Time): { startTime: Time; rows: Rows } {
    const begun = { startTime, rows: new Map() };
    this.#open.set(span, begun);
    return begun;
  }
}

/** Tells the rows of all summaries apart. No key contains a space. */
export function rowName({ number, span, startTime, keys }: SummaryRow): string {
  const { agentId, modelId, workspaceId, memberId, runId } = keys;
  return [number, span, startTime, agentId, modelId, workspaceId, memberId, runId].join(" ");
}

function rowOf(
  summary: Summary,
  span: CalendarSpan,
  startTime: Time,
  { keys, sums }: UsageEntry,
): SummaryRow {
  const told = Object.fromEntries(summary.keys.map((key) => [key, keys[key]]));
  return { number: summaryNumber(summary), span, startTime, keys: { ...NO_KEYS, ...told }, sums };
}

function addTo(rows: Rows, row: SummaryRow): void {
  const name = rowName(row);
  rows.set(name, { ...row, sums: addUsage(rows.get(name)?.sums ?? NO_USAGE, row.sums) });
}
