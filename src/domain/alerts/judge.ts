import { type Balance, totalMicros } from "../ledger/account.ts";
import type { Grant } from "../ledger/grant.ts";
import type { Changes } from "../ledger/ledger.ts";
import type { Transaction } from "../ledger/transaction.ts";
import type { Alert, AlertKind } from "./alert.ts";
import { type CycleGrant, cycleGrantAfter } from "./cycle-grant.ts";
import { levelMicros, sameThreshold, type Threshold, thresholdsFromText } from "./threshold.ts";

export type ThresholdState = Threshold &
  Readonly<{
    /** Whether the credits fell below it and are not back yet: it does not alert again before. */
    crossed: boolean;
  }>;

/** What an organization's alerts are decided on. */
export type AlertSettings = Readonly<{
  thresholds: readonly ThresholdState[];
  /** The number of its last alert; 0 before the first. */
  alertNumber: bigint;
  /** Kept while there are thresholds; what they were set on has it from the grants at hand. */
  cycle: CycleGrant | undefined;
}>;

export type Judgement = Readonly<{ settings: AlertSettings; alerts: readonly Alert[] }>;

export const NO_ALERT_SETTINGS: AlertSettings = { thresholds: [], alertNumber: 0n, cycle: undefined };

/** What thresholds are compared with: available and reserved, since a hold is not spending (R-WATCH-2). */
export function remainingMicros(balance: Balance): bigint {
  return totalMicros(balance) - balance.debtMicros;
}

/**
 * Decides which alerts changes cause: judged once, after the last of them, so that
 * a cycle which ends and begins in one go does not alert in between (R-PLAN-3).
 * `grants` are those of the ledger, for the cycle that thresholds are first set in.
 */
export function judge(settings: AlertSettings, changes: Changes, grants: Iterable<Grant>): Judgement {
  const last = changes.transactions.at(-1);
  return last ? judgeAt(settingsAfter(settings, changes, grants), last) : { settings, alerts: [] };
}

/** The settings that changes lead to, without judging: more changes are to come first. */
export function settingsAfter(
  settings: AlertSettings,
  { transactions, grants: changed }: Changes,
  grants: Iterable<Grant>,
): AlertSettings {
  const first = transactions[0]?.version ?? 0n;
  const made = [...changed.values()].filter(({ version }) => version >= first);
  const moved = { ...settings, cycle: cycleGrantAfter(settings.cycle, made) };
  const set = transactions.findLast(({ kind }) => kind === "ALERT_THRESHOLDS");
  return set ? withThresholds(moved, set, grants) : moved;
}

/** A threshold that stays as it was keeps its state; a new or changed one starts armed, and alerts if crossed. */
function withThresholds(settings: AlertSettings, set: Transaction, grants: Iterable<Grant>): AlertSettings {
  const known = new Map(settings.thresholds.map((state) => [state.name, state]));
  const thresholds = thresholdsFromText(set.reference ?? "[]").map((threshold) => {
    const before = known.get(threshold.name);
    const crossed = before !== undefined && sameThreshold(before, threshold) && before.crossed;
    return { ...threshold, crossed };
  });
  return { ...settings, thresholds, cycle: cycleGrantAfter(undefined, grants) ?? settings.cycle };
}

function judgeAt(settings: AlertSettings, change: Transaction): Judgement {
  const remaining = remainingMicros(change.balance);
  const crossings: { kind: AlertKind; threshold: Threshold; micros: bigint }[] = [];
  const thresholds = settings.thresholds.map((state): ThresholdState => {
    const { crossed: before, ...threshold } = state;
    const micros = levelMicros(state.level, settings.cycle);
    const margin = levelMicros(state.rearmMargin, settings.cycle) ?? 0n;
    if (micros === undefined) return state;
    const crossed = before ? remaining < micros + margin : remaining < micros;
    if (crossed !== before) crossings.push({ kind: crossed ? "LOW" : "RECOVERED", threshold, micros });
    return crossed === before ? state : { ...state, crossed };
  });
  const alerts = crossings.sort(compareCrossings).map(({ kind, threshold, micros }, index) => ({
    organizationId: change.organizationId,
    alertNumber: settings.alertNumber + BigInt(index) + 1n,
    kind,
    threshold,
    levelMicros: micros,
    remainingMicros: remaining,
    version: change.version,
    effectiveTime: change.effectiveTime,
    recordTime: change.recordTime,
  }));
  if (alerts.length === 0) return { settings, alerts };
  const alertNumber = settings.alertNumber + BigInt(alerts.length);
  return { settings: { ...settings, thresholds, alertNumber }, alerts };
}

type Crossing = Readonly<{ kind: AlertKind; micros: bigint }>;

/** As the credits passed them: falling, the highest first; rising, the lowest first. */
function compareCrossings(left: Crossing, right: Crossing): number {
  if (left.kind !== right.kind) return left.kind === "RECOVERED" ? -1 : 1;
  if (left.micros === right.micros) return 0;
  return left.micros < right.micros === (left.kind === "RECOVERED") ? -1 : 1;
}
