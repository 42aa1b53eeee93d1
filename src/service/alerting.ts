import { judge, settingsAfter } from "../domain/alerts/judge.ts";
import type { Changes } from "../domain/ledger/ledger.ts";
import type { LedgerUnit } from "../storage/ledger-unit.ts";

/**
 * Judges changes that the ledger has absorbed, so that their alerts are stored in
 * the same transaction (R-WATCH-2). Where `more` is due before the organization is
 * up to date, nothing is judged yet (R-PLAN-3).
 */
export function judgeChanges(unit: LedgerUnit, changes: Changes, more: boolean): void {
  const { organizationId } = changes.account;
  const settings = unit.alerts.settings(organizationId);
  if (settings === undefined) return;
  const grants = unit.ledger(organizationId).grants.values();
  unit.alerts.put(
    organizationId,
    more
      ? { settings: settingsAfter(settings, changes, grants), alerts: [] }
      : judge(settings, changes, grants),
  );
}
