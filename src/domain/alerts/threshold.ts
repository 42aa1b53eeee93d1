import { AMOUNT_MICROS_MAX } from "../amount.ts";
import { invariant } from "../invariant.ts";
import type { CycleGrant } from "./cycle-grant.ts";

/** Hundredths of a percent in the whole. */
export const WHOLE_BASIS_POINTS = 10_000n;
export const THRESHOLDS_MAX = 10;

/** So many microcredits, or so much of the cycle's grant. */
export type Level = Readonly<{ amountMicros: bigint }> | Readonly<{ basisPoints: bigint }>;

/** A low-balance threshold of an organization (R-WATCH-2). */
export type Threshold = Readonly<{
  name: string;
  level: Level;
  /** How far above the level the credits must be back for it to alert again. */
  rearmMargin: Level;
}>;

/** In microcredits; undefined where it is a share and no cycle was ever granted. */
export function levelMicros(level: Level, cycle: CycleGrant | undefined): bigint | undefined {
  if ("amountMicros" in level) return level.amountMicros;
  if (cycle === undefined) return undefined;
  // Rounded up: a whole number is below the share exactly if it is below this.
  return (cycle.amountMicros * level.basisPoints + WHOLE_BASIS_POINTS - 1n) / WHOLE_BASIS_POINTS;
}

/** Thresholds as a transaction tells them: JSON of [name, level, margin], as `20000000` or `500bp`. */
export function thresholdsText(thresholds: readonly Threshold[]): string {
  return JSON.stringify(
    thresholds.map(({ name, level, rearmMargin }) => [name, levelText(level), levelText(rearmMargin)]),
  );
}

export function thresholdsFromText(text: string): readonly Threshold[] {
  const parts: readonly (readonly [string, string, string])[] = JSON.parse(text);
  return parts.map(([name, level, margin]) => ({
    name,
    level: levelFromText(level),
    rearmMargin: levelFromText(margin),
  }));
}

export function sameThreshold(left: Threshold, right: Threshold): boolean {
  return thresholdsText([left]) === thresholdsText([right]);
}

/** Throws where thresholds are out of range: the front doors refuse that with a typed error, here it is a fault. */
export function assertThresholds(thresholds: readonly Threshold[]): void {
  invariant(thresholds.length <= THRESHOLDS_MAX, `R-WATCH-2: ${thresholds.length} thresholds`);
  const names = new Set(thresholds.map(({ name }) => name));
  const levels = new Set(thresholds.map(({ level }) => levelText(level)));
  const distinct = names.size === thresholds.length && levels.size === thresholds.length;
  invariant(distinct, "R-WATCH-2: thresholds with one name or one level");
  for (const { level, rearmMargin } of thresholds) {
    assertLevel(level);
    assertLevel(rearmMargin);
  }
}

function assertLevel(level: Level): void {
  const [value, most] =
    "amountMicros" in level
      ? [level.amountMicros, AMOUNT_MICROS_MAX]
      : [level.basisPoints, WHOLE_BASIS_POINTS];
  invariant(value >= 0n && value <= most, `R-WATCH-2: a level of ${levelText(level)}`);
}

function levelText(level: Level): string {
  return "amountMicros" in level ? String(level.amountMicros) : `${level.basisPoints}bp`;
}

function levelFromText(text: string): Level {
  return text.endsWith("bp")
    ? { basisPoints: BigInt(text.slice(0, -"bp".length)) }
    : { amountMicros: BigInt(text) };
}
