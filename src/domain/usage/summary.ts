import type { CalendarSpan } from "./calendar-span.ts";
import type { UsageKeys } from "./usage.ts";

/** What usage is told apart by. */
export type UsageKey = keyof UsageKeys;

/** Usage summed over spans of the calendar and told apart by some keys, which is kept ready. */
export type Summary = Readonly<{ keys: readonly UsageKey[]; spans: readonly CalendarSpan[] }>;

/** A summary's number is made of these. */
export const KEY_BITS: Readonly<Record<UsageKey, number>> = {
  agentId: 1,
  modelId: 2,
  workspaceId: 4,
  memberId: 8,
  runId: 16,
};

const ALL_SPANS = ["hour", "day", "month"] as const;

/**
 * What is kept, the smallest first. By one key a year is some thousand rows however much
 * was used: twelve months, and the days and hours at the ends of the range. By agent and
 * model it is too, but for those hours, in which there are hardly fewer pairs than calls.
 * All else is answered from the last one, which grows with the runs: a million rows of it took
 * 0.15 to 1 s, and very many of them would be refused for being too slow. All combinations of
 * four keys would be larger than the history itself.
 */
export const SUMMARIES: readonly Summary[] = [
  { keys: [], spans: ALL_SPANS },
  { keys: ["agentId"], spans: ALL_SPANS },
  { keys: ["modelId"], spans: ALL_SPANS },
  { keys: ["workspaceId"], spans: ALL_SPANS },
  { keys: ["memberId"], spans: ALL_SPANS },
  { keys: ["agentId", "modelId"], spans: ["day", "month"] },
  { keys: ["agentId", "modelId", "workspaceId", "memberId", "runId"], spans: ["hour"] },
];

/** The number that a summary is stored under: it stays the same whatever else is kept. */
export function summaryNumber({ keys }: Pick<Summary, "keys">): number {
  return keys.reduce((number, key) => number | KEY_BITS[key], 0);
}

/** The smallest summary by spans of this length that tells the keys apart; undefined where there is none. */
export function summaryFor(keys: ReadonlySet<UsageKey>, span: CalendarSpan): Summary | undefined {
  return SUMMARIES.find(
    (summary) => summary.spans.includes(span) && [...keys].every((key) => summary.keys.includes(key)),
  );
}

/** By which spans usage with these keys can be read, from the shortest to the longest. */
export function spansFor(keys: ReadonlySet<UsageKey>): readonly CalendarSpan[] {
  return ALL_SPANS.filter((span) => summaryFor(keys, span) !== undefined);
}
