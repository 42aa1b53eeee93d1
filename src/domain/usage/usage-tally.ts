import type { Time } from "../time.ts";
import { type CalendarSpan, endOf, startOf } from "./calendar-span.ts";
import { KEY_BITS, SUMMARIES, summaryNumber } from "./summary.ts";
import type { UsageEntry, UsageKeys, UsageSums } from "./usage.ts";

/** One row of a summary: what was used in one span, with the keys that the summary tells apart. */
export type SummaryRow = Readonly<{
  number: number;
  span: CalendarSpan;
  startTime: Time;
  keys: UsageKeys;
  sums: UsageSums;
}>;

/** Rows of one span, by a name that tells them apart in it; theirs who get them. */
export type SpanRows = Map<string, SummaryRow>;

/** A span that is over, with its rows; or so many of them as were to stay in memory, while it goes on. */
export type ClosedSpan = Readonly<{
  span: CalendarSpan;
  startTime: Time;
  rows: SpanRows;
  /** Where it is not over, later parts of it may have the same rows again, with what was added since. */
  isOver: boolean;
}>;

/** What a tally is for, where not for everything. */
export type TallyOptions = Readonly<{
  /** Rows of one length of span in memory; what is beyond comes in parts. */
  rowsMax?: number;
  /** Only this length of span. */
  only?: CalendarSpan;
  /** Only the rows of these names. */
  has?: (name: string) => boolean;
}>;

/** Sums in the making: entries are many times as many as rows, and only rows are handed on. */
type Sums = { -readonly [Name in keyof UsageSums]: UsageSums[Name] };
/** What an entry adds to a summary, whatever the span. */
type Part = Pick<SummaryRow, "number" | "keys" | "sums"> & Readonly<{ name: string }>;
type OpenSpan = {
  readonly startTime: Time;
  readonly endTime: Time;
  readonly rows: Map<string, SummaryRow & Readonly<{ sums: Sums }>>;
};

const SPANS: readonly CalendarSpan[] = ["hour", "day", "month"];
const NUMBERS = SUMMARIES.map(summaryNumber);

/** The places, in the list of all, of the summaries that are kept by each length of span. */
const KEPT: Readonly<Record<CalendarSpan, readonly number[]>> = {
  hour: keptBy("hour"),
  day: keptBy("day"),
  month: keptBy("month"),
};

/**
 * Sums usage up as the summaries have it, in the order of its times: a span is closed
 * by the first entry after it, so that no more than an hour, a day and a month are in
 * memory. It is the meaning of the summaries, against which they are verified.
 */
export class UsageTally {
  readonly #open = new Map<CalendarSpan, OpenSpan>();
  readonly #spans: readonly CalendarSpan[];
  readonly #rowsMax: number;
  readonly #has: TallyOptions["has"];

  constructor({ rowsMax = Number.POSITIVE_INFINITY, only, has }: TallyOptions = {}) {
    this.#spans = only === undefined ? SPANS : [only];
    this.#rowsMax = rowsMax;
    this.#has = has;
  }

  /** Adds an entry; returns the spans that it closes, and the parts of those for which it is too much. */
  add(entry: UsageEntry): readonly ClosedSpan[] {
    const parts = NUMBERS.map((number) => partOf(number, entry));
    let closed: ClosedSpan[] | undefined;
    for (const span of this.#spans) {
      let open = this.#open.get(span);
      if (open === undefined || entry.time >= open.endTime || entry.time < open.startTime) {
        if (open) closed = [...(closed ?? []), closedSpan(span, open, true)];
        open = this.#begin(span, startOf(span, entry.time));
      }
      this.#addTo(open, span, parts);
      if (open.rows.size < this.#rowsMax) continue;
      closed = [...(closed ?? []), closedSpan(span, open, false)];
      this.#begin(span, open.startTime);
    }
    return closed ?? NONE;
  }

  /** Closes what is open. */
  finish(): readonly ClosedSpan[] {
    const closed = [...this.#open].map(([span, open]) => closedSpan(span, open, true));
    this.#open.clear();
    return closed;
  }

  #begin(span: CalendarSpan, startTime: Time): OpenSpan {
    const begun = { startTime, endTime: endOf(span, startTime), rows: new Map() };
    this.#open.set(span, begun);
    return begun;
  }

  #addTo({ startTime, rows }: OpenSpan, span: CalendarSpan, parts: readonly Part[]): void {
    for (const place of KEPT[span]) {
      const part = parts[place];
      if (part === undefined) continue;
      const { name, number, keys, sums } = part;
      const row = rows.get(name);
      if (row) addTo(row.sums, sums);
      else if (this.#has === undefined || this.#has(name))
        rows.set(name, { number, span, startTime, keys, sums: { ...sums } });
    }
  }
}

const NONE: readonly ClosedSpan[] = [];

/** Tells the rows of all summaries apart. No key contains a space. */
export function rowName(row: SummaryRow): string {
  return `${row.number} ${row.span} ${row.startTime} ${nameInSpan(row)}`;
}

/** Tells the rows of one span apart. */
export function nameInSpan({ number, keys }: Pick<SummaryRow, "number" | "keys">): string {
  return `${number} ${keys.agentId} ${keys.modelId} ${keys.workspaceId} ${keys.memberId} ${keys.runId}`;
}

function partOf(number: number, { keys, sums }: UsageEntry): Part {
  const told = toldKeys(number, keys);
  return { name: nameInSpan({ number, keys: told }), number, keys: told, sums };
}

/** Empty where the summary does not tell them apart. */
function toldKeys(number: number, keys: UsageKeys): UsageKeys {
  return {
    runId: number & KEY_BITS.runId ? keys.runId : "",
    agentId: number & KEY_BITS.agentId ? keys.agentId : "",
    modelId: number & KEY_BITS.modelId ? keys.modelId : "",
    workspaceId: number & KEY_BITS.workspaceId ? keys.workspaceId : "",
    memberId: number & KEY_BITS.memberId ? keys.memberId : "",
  };
}

function keptBy(span: CalendarSpan): readonly number[] {
  return SUMMARIES.flatMap(({ spans }, place) => (spans.includes(span) ? [place] : []));
}

/** Most of the sums of an entry are zero, and most of the time would go into adding them. */
function addTo(sums: Sums, { calls, lateCalls, settledMicros, refundedMicros }: UsageSums): void {
  if (calls !== 0n) sums.calls += calls;
  if (lateCalls !== 0n) sums.lateCalls += lateCalls;
  if (settledMicros !== 0n) sums.settledMicros += settledMicros;
  if (refundedMicros !== 0n) sums.refundedMicros += refundedMicros;
}

function closedSpan(span: CalendarSpan, { startTime, rows }: OpenSpan, isOver: boolean): ClosedSpan {
  return { span, startTime, rows, isOver };
}
