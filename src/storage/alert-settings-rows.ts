import { type Kysely, sql } from "kysely";
import type { CycleGrant } from "../domain/alerts/cycle-grant.ts";
import type { AlertSettings } from "../domain/alerts/judge.ts";
import { thresholdsFromText, thresholdsText } from "../domain/alerts/threshold.ts";
import type { Write } from "./pipeline.ts";
import { fromRowTimeOrNull, toRowTimeOrNull } from "./timestamp.ts";

/** What of an organization's settings is stored beside its account. */
export type StoredSettings = Pick<AlertSettings, "thresholds" | "cycle">;
export type OwnedSettings = Readonly<{ organizationId: string; settings: StoredSettings }>;

type SettingsRow = Readonly<{
  organization_id: string;
  /** The thresholds' text and whether each is crossed, in the same order. */
  thresholds: readonly [text: string, crossed: readonly boolean[]];
  cycle_end_time: string | null;
  cycle_micros: string | null;
}>;

export async function selectAlertSettings(
  database: Kysely<unknown>,
  organizationIds: readonly string[],
): Promise<readonly OwnedSettings[]> {
  if (organizationIds.length === 0) return [];
  const { rows } = await sql<SettingsRow>`
    select s.* from unnest(${organizationIds}::text[]) as k (o)
    join alert_settings s on s.organization_id = k.o`.execute(database);
  return rows.map(fromRowSettings);
}

export function alertSettingsUpsert(database: Kysely<unknown>, rows: readonly OwnedSettings[]): Write {
  if (rows.length === 0) return undefined;
  const cycles = rows.map(({ settings }) => settings.cycle);
  return sql`
    insert into alert_settings (organization_id, thresholds, cycle_end_time, cycle_micros)
    select o, t::jsonb, e, m from unnest(
      ${rows.map((row) => row.organizationId)}::text[],
      ${rows.map((row) => toRowThresholds(row.settings))}::text[],
      ${cycles.map((cycle) => toRowTimeOrNull(cycle?.endTime))}::timestamptz[],
      ${cycles.map((cycle) => (cycle ? String(cycle.amountMicros) : null))}::bigint[]) as k (o, t, e, m)
    on conflict (organization_id) do update
    set thresholds = excluded.thresholds, cycle_end_time = excluded.cycle_end_time,
      cycle_micros = excluded.cycle_micros`.compile(database);
}

function fromRowSettings(row: SettingsRow): OwnedSettings {
  const [text, crossed] = row.thresholds;
  const thresholds = thresholdsFromText(text).map((threshold, index) => ({
    ...threshold,
    crossed: crossed[index] ?? false,
  }));
  return { organizationId: row.organization_id, settings: { thresholds, cycle: cycleOf(row) } };
}

function cycleOf(row: SettingsRow): CycleGrant | undefined {
  const endTime = fromRowTimeOrNull(row.cycle_end_time);
  if (endTime === undefined || row.cycle_micros === null) return undefined;
  return { endTime, amountMicros: BigInt(row.cycle_micros) };
}

function toRowThresholds({ thresholds }: StoredSettings): string {
  return JSON.stringify([thresholdsText(thresholds), thresholds.map(({ crossed }) => crossed)]);
}
