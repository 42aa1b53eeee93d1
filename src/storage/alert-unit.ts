import type { Kysely } from "kysely";
import type { Alert } from "../domain/alerts/alert.ts";
import { type AlertSettings, type Judgement, NO_ALERT_SETTINGS } from "../domain/alerts/judge.ts";
import type { AccountRow } from "./account-entity.ts";
import { alertInsert } from "./alert-rows.ts";
import { alertSettingsUpsert, selectAlertSettings } from "./alert-settings-rows.ts";
import type { Write } from "./pipeline.ts";

/** The alerts in one unit of work: loaded with their accounts, stored in the same transaction (R-WATCH-2). */
export class AlertUnit {
  readonly #settings = new Map<string, AlertSettings>();
  readonly #changed = new Set<string>();
  readonly #alerts: Alert[] = [];

  /** Of accounts that have thresholds, or are about to. No statement where none has. */
  async load(
    database: Kysely<unknown>,
    accounts: Iterable<AccountRow>,
    setting: readonly string[],
  ): Promise<void> {
    const rows = [...accounts].filter(
      ({ alerting, organizationId }) => alerting || setting.includes(organizationId),
    );
    for (const { organizationId, alertNumber } of rows) {
      this.#settings.set(organizationId, { ...NO_ALERT_SETTINGS, alertNumber: BigInt(alertNumber) });
    }
    const stored = await selectAlertSettings(
      database,
      rows.map(({ organizationId }) => organizationId),
    );
    for (const { organizationId, settings } of stored) {
      const { alertNumber } = this.settings(organizationId) ?? NO_ALERT_SETTINGS;
      this.#settings.set(organizationId, { ...settings, alertNumber });
    }
  }

  /** Undefined where the organization has no thresholds: nothing is to be judged. */
  settings(organizationId: string): AlertSettings | undefined {
    return this.#settings.get(organizationId);
  }

  /** Whether any alert was made. */
  get alerted(): boolean {
    return this.#alerts.length > 0;
  }

  put(organizationId: string, { settings, alerts }: Judgement): void {
    const before = this.#settings.get(organizationId);
    if (settings.thresholds !== before?.thresholds || settings.cycle !== before.cycle) {
      this.#changed.add(organizationId);
    }
    this.#settings.set(organizationId, settings);
    this.#alerts.push(...alerts);
  }

  /** What of an account's row follows from its alerts. */
  toRow(organizationId: string): Partial<Pick<AccountRow, "alerting" | "alertNumber">> {
    const settings = this.#settings.get(organizationId);
    if (settings === undefined) return {};
    return { alerting: settings.thresholds.length > 0, alertNumber: String(settings.alertNumber) };
  }

  writes(database: Kysely<unknown>): readonly Write[] {
    const changed = [...this.#changed].flatMap((organizationId) => {
      const settings = this.#settings.get(organizationId);
      return settings ? [{ organizationId, settings }] : [];
    });
    return [alertSettingsUpsert(database, changed), alertInsert(this.#alerts)];
  }
}
