import { type AlertSettings, judge, NO_ALERT_SETTINGS } from "../../../src/domain/alerts/judge.ts";
import type { Threshold } from "../../../src/domain/alerts/threshold.ts";
import { PlanBook } from "./plan-book.ts";
import { type Amount, micros } from "./wording.ts";

/** A book with plans whose changes are judged as the service does it: once after what is due, once after each command. */
export class AlertedBook extends PlanBook {
  settings: AlertSettings = NO_ALERT_SETTINGS;

  setThresholds(...thresholds: readonly Threshold[]): string[] {
    return this.apply({ kind: "setAlertThresholds", thresholds });
  }

  /** The alerts that an action caused: `LOW low #3`, with the number of its change. */
  alertsOf(action: () => unknown): string[] {
    const before = this.transactions.length;
    action();
    const transactions = this.transactions.slice(before);
    const { account, grants, debts, reservations } = this.ledger;
    const changes = { account, grants, debts, reservations, transactions };
    const { settings, alerts } = judge(this.settings, changes, grants.values());
    this.settings = settings;
    return alerts.map(({ kind, threshold, version }) => `${kind} ${threshold.name} #${version}`);
  }
}

/** A threshold at so many credits. */
export function at(name: string, amount: Amount, margin: Amount = 0): Threshold {
  return { name, level: { amountMicros: micros(amount) }, rearmMargin: { amountMicros: micros(margin) } };
}

/** A threshold at so many percent of the cycle's grant. */
export function share(name: string, percent: number, marginPercent = 0): Threshold {
  const basisPoints = (value: number) => ({ basisPoints: BigInt(value * 100) });
  return { name, level: basisPoints(percent), rearmMargin: basisPoints(marginPercent) };
}
