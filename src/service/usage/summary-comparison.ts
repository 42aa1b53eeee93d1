import type { Discrepancy } from "../../domain/ledger/discrepancy.ts";
import { laterOf, type Time } from "../../domain/time.ts";
import type { CalendarSpan } from "../../domain/usage/calendar-span.ts";
import { type UsageSums, usageOf } from "../../domain/usage/usage.ts";
import { UsageFingerprint } from "../../domain/usage/usage-fingerprint.ts";
import {
  type ClosedSpan,
  nameInSpan,
  rowName,
  type SpanRows,
  type SummaryRow,
  UsageTally,
} from "../../domain/usage/usage-tally.ts";
import type { UsageAudit, Versions } from "../../storage/usage/usage-audit.ts";
import { Breath } from "../breath.ts";
import { keyedWeights, partOf } from "./keyed-weights.ts";

/** So many are named of an organization; where there are more, the first of them say where to look. */
const DISCREPANCIES_MAX = 1_000;
/** Rows that are compared at once, so that an hour in which little was used costs no look of its own. */
const ROWS_TOGETHER = 4_000;

const SPANS: readonly CalendarSpan[] = ["hour", "day", "month"];

/** What is expected of spans of one length that follow each other, by their beginnings. */
type Expected = ReadonlyMap<Time, SpanRows>;
/** A span of which not all rows fit into memory: what it came to so far, and in how many parts. */
type Parted = { readonly fingerprint: UsageFingerprint; parts: number };

/**
 * Compares the summaries of one organization with what its transactions come to, span by
 * span. A span that came in parts is compared by its fingerprint, and row by row only
 * where that differs: then in so many passes over its transactions, each for some of the names.
 */
export class SummaryComparison {
  readonly found: Discrepancy[] = [];
  readonly #audit: UsageAudit;
  readonly #weights = keyedWeights();
  readonly #breath = new Breath();
  readonly #waiting = new Map<CalendarSpan, Map<Time, SpanRows>>();
  readonly #parted = new Map<CalendarSpan, Parted>();
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

  /**
   * The next span, or part of one; also finds rows of spans in which nothing was used.
   * `versions`: at least the transactions of the span so far.
   */
  async compare(closed: ClosedSpan, versions: Versions): Promise<void> {
    const { span, startTime, rows, isOver } = closed;
    const parted = this.#parted.get(span);
    if (!isOver || parted !== undefined) {
      await this.#comparePart(
        closed,
        parted ?? { fingerprint: new UsageFingerprint(this.#weights), parts: 0 },
      );
      if (isOver) await this.#compareParted(span, startTime, versions);
      return;
    }
    const waiting = this.#waiting.get(span) ?? new Map<Time, SpanRows>();
    this.#waiting.set(span, waiting.set(startTime, rows));
    let together = 0;
    for (const { size } of waiting.values()) together += size;
    if (together >= ROWS_TOGETHER) await this.#compareWaiting(span);
  }

  /** What still waits, and what is stored of spans after the last one. */
  async finish(): Promise<void> {
    for (const span of SPANS) {
      await this.#compareWaiting(span);
      await this.#compareRows(span, undefined, new Map());
    }
  }

  async #compareWaiting(span: CalendarSpan): Promise<void> {
    const waiting = this.#waiting.get(span);
    if (waiting === undefined) return;
    this.#waiting.delete(span);
    const upTo = [...waiting.keys()].reduce(laterOf);
    await this.#compareRows(span, upTo, waiting);
    this.#compared.set(span, upTo);
  }

  async #comparePart({ span, rows }: ClosedSpan, parted: Parted): Promise<void> {
    await this.#compareWaiting(span);
    this.#parted.set(span, parted);
    parted.parts += 1;
    for (const row of rows.values()) {
      parted.fingerprint.add(rowName(row), row.sums);
      await this.#breath.take();
    }
  }

  async #compareParted(span: CalendarSpan, startTime: Time, versions: Versions): Promise<void> {
    const parted = this.#parted.get(span);
    if (parted === undefined) return;
    this.#parted.delete(span);
    const { fingerprint, parts } = parted;
    for await (const row of this.#stored(span, startTime)) fingerprint.take(rowName(row), row.sums);
    for (let part = 0; part < parts && !fingerprint.isNothing && !this.isFull; part += 1) {
      const has = (name: string): boolean => partOf(name, parts) === part;
      await this.#compareRows(span, startTime, await this.#expected(span, versions, has), has);
    }
    this.#compared.set(span, startTime);
  }

  /** Some of the rows that transactions come to, summed up once more. */
  async #expected(span: CalendarSpan, versions: Versions, has: (name: string) => boolean): Promise<Expected> {
    const tally = new UsageTally({ only: span, has });
    const closed: ClosedSpan[] = [];
    for await (const change of this.#audit.used(versions)) {
      const entry = usageOf(change);
      if (entry !== undefined) closed.push(...tally.add(entry));
      await this.#breath.take();
    }
    return new Map([...closed, ...tally.finish()].map(({ startTime, rows }) => [startTime, rows]));
  }

  /** What is expected is used up by it. */
  async #compareRows(
    span: CalendarSpan,
    upTo: Time | undefined,
    expected: Expected,
    has: (name: string) => boolean = () => true,
  ): Promise<void> {
    for await (const row of this.#stored(span, upTo)) {
      const name = nameInSpan(row);
      if (!has(name)) continue;
      const rows = expected.get(row.startTime);
      const ours = rows?.get(name);
      rows?.delete(name);
      this.#compareRow(row, ours?.sums, row.sums);
      if (this.isFull) return;
    }
    for (const rows of expected.values())
      for (const row of rows.values()) this.#compareRow(row, row.sums, undefined);
  }

  /** The rows of the spans after those that were compared, up to one. */
  async *#stored(span: CalendarSpan, upTo: Time | undefined): AsyncGenerator<SummaryRow> {
    for await (const page of this.#audit.summaries(span, this.#compared.get(span), upTo)) {
      for (const row of page) {
        yield row;
        await this.#breath.take();
      }
    }
  }

  #compareRow(row: SummaryRow, expected: UsageSums | undefined, found: UsageSums | undefined): void {
    if (expected && found && isSameUsage(expected, found)) return;
    const keys = Object.entries(row.keys).filter(([, id]) => id !== "");
    const told = keys.map(([key, id]) => `, ${key} ${id}`).join("");
    const start = new Date(Number(row.startTime / 1_000n)).toISOString();
    this.tell(`usage of ${row.span} ${start} in summary ${row.number}${told}`, show(expected), show(found));
  }
}

function isSameUsage(left: UsageSums, right: UsageSums): boolean {
  return (
    left.calls === right.calls &&
    left.lateCalls === right.lateCalls &&
    left.settledMicros === right.settledMicros &&
    left.refundedMicros === right.refundedMicros
  );
}

function show(sums: UsageSums | undefined): string {
  if (sums === undefined) return "nothing";
  return `${sums.calls} calls (${sums.lateCalls} late), ${sums.settledMicros} settled, ${sums.refundedMicros} refunded`;
}
