import type { Case, CaseResult, Checked, Target } from "./case.ts";
import type { Figure } from "./figure.ts";

const HEADINGS = [
  "",
  "per second",
  "",
  "server us",
  "PostgreSQL us",
  "load us",
  "p50 ms",
  "p99 ms",
  "others %",
];

/** With more of the machine taken by others than this, rates say more about them than about us. */
const OTHERS_SHARE_MAX = 0.15;

/** A case's result as people read it. */
export function resultText({ name, title }: Case, { figures, targets, checked, notes }: CaseResult): string {
  const verified = checkedText(checked);
  return [
    `${name}: ${title}`,
    ...aligned([HEADINGS, ...figures.map(cellsOf)]),
    ...aligned(targets.map((target) => targetCells(target, verified))),
    ...checked.map(
      ({ what, transactions, mismatches }) =>
        `  ledger of ${what}: ${transactions} transactions verified, ${mismatches} mismatches`,
    ),
    ...[...notes, ...disturbance(figures)].map((note) => `  ${note}`),
    "",
  ].join("\n");
}

/** Said where a run should be repeated; CPU a call is the part of it that can still be used. */
function disturbance(figures: readonly Figure[]): readonly string[] {
  const most = Math.max(...figures.map(({ middle }) => middle.othersShare ?? 0));
  if (most <= OTHERS_SHARE_MAX) return [];
  return [
    `DISTURBED: other programs took up to ${Math.round(most * 100)} % of all cores; trust the ratios by CPU.`,
  ];
}

/** Whether all that was written could be verified; a figure without it doesn't count. */
export function mismatchesOf(checked: readonly Checked[]): number {
  return checked.reduce((sum, { mismatches }) => sum + mismatches, 0);
}

function checkedText(checked: readonly Checked[]): string {
  return checked.length === 0 ? "writes nothing" : `${mismatchesOf(checked)} mismatches`;
}

function cellsOf({ name, unit, middle }: Figure): readonly string[] {
  const { perSecond, serverMicros, postgresMicros, loadMicros, medianMs, p99Ms, othersShare } = middle;
  const others = othersShare === undefined ? undefined : Math.round(othersShare * 100);
  const rest = [serverMicros, postgresMicros, loadMicros, medianMs, p99Ms].map(numberText);
  return [name, numberText(perSecond), unit, ...rest, others === undefined ? "-" : String(others)];
}

function targetCells({ name, value, unit, byCpu, least, aim }: Target, verified: string): readonly string[] {
  const wanted =
    least === undefined ? "" : `(at ${unit === "x" ? "least" : "most"} ${least} ${unit}, aim ${aim} ${unit})`;
  return [
    `= ${name}`,
    `${numberText(value)} ${unit}`,
    byCpu === undefined ? "" : `(by CPU ${numberText(byCpu)} ${unit})`,
    verdictOf({ value, unit, least, aim }),
    wanted,
    verified,
  ];
}

type Aimed = Readonly<{
  value: number;
  unit: Target["unit"];
  least?: number | undefined;
  aim?: number | undefined;
}>;

/** Of a ratio more is better, of all else less. */
export function verdictOf({ value, unit, least, aim }: Aimed): "" | "missed" | "met" | "aim reached" {
  if (least === undefined || aim === undefined) return "";
  const reaches = (goal: number): boolean => (unit === "x" ? value >= goal : value <= goal);
  if (reaches(aim)) return "aim reached";
  return reaches(least) ? "met" : "missed";
}

/** Three digits that count: more would only look exact. */
function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** The first column to the left, the others to the right, but for words. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(...rows.map((row) => row.length), 0);
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return /^[\d.,-]+( [a-zA-Z%]+)?$/.test(cell) || column > 2 ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
}
