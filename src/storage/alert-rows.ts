import { type Kysely, sql } from "kysely";
import type { Alert, AlertKind } from "../domain/alerts/alert.ts";
import { thresholdsFromText, thresholdsText } from "../domain/alerts/threshold.ts";
import { type BulkColumn, bulkInsert } from "./bulk.ts";
import type { Write } from "./pipeline.ts";
import { fromRowTime } from "./timestamp.ts";

export type AlertRow = Readonly<{
  organization_id: string;
  alert_number: string;
  kind: AlertKind;
  threshold: string;
  level_micros: string;
  remaining_micros: string;
  version: string;
  effective_time: string;
  record_time: string;
  sequence: string | null;
}>;

const COLUMNS: readonly BulkColumn<Alert>[] = [
  { name: "organization_id", array: "text", value: (alert) => alert.organizationId },
  { name: "alert_number", array: "bigint", value: (alert) => alert.alertNumber },
  { name: "kind", array: "text", value: (alert) => alert.kind },
  { name: "threshold", array: "text", value: (alert) => thresholdsText([alert.threshold]) },
  { name: "level_micros", array: "bigint", value: (alert) => alert.levelMicros },
  { name: "remaining_micros", array: "bigint", value: (alert) => alert.remainingMicros },
  { name: "version", array: "bigint", value: (alert) => alert.version },
  { name: "effective_time", array: "timestamptz", value: (alert) => alert.effectiveTime },
  { name: "record_time", array: "timestamptz", value: (alert) => alert.recordTime },
];

export function alertInsert(alerts: readonly Alert[]): Write {
  return bulkInsert("alerts", COLUMNS, alerts);
}

export async function selectAlertsAfter(
  database: Kysely<unknown>,
  organizationId: string,
  alertNumber: bigint,
  limit: number,
): Promise<readonly Alert[]> {
  const { rows } = await sql<AlertRow>`
    select * from alerts where organization_id = ${organizationId} and alert_number > ${alertNumber}
    order by alert_number limit ${limit}`.execute(database);
  return rows.map(fromRowAlert);
}

/** Newest first. */
export async function selectAlertsBefore(
  database: Kysely<unknown>,
  organizationId: string,
  alertNumber: bigint | undefined,
  limit: number,
): Promise<readonly Alert[]> {
  const before = alertNumber === undefined ? sql`` : sql`and alert_number < ${alertNumber}`;
  const { rows } = await sql<AlertRow>`
    select * from alerts where organization_id = ${organizationId} ${before}
    order by alert_number desc limit ${limit}`.execute(database);
  return rows.map(fromRowAlert);
}

export function fromRowAlert(row: AlertRow): Alert {
  const [threshold] = thresholdsFromText(row.threshold);
  if (!threshold) throw new Error(`alert ${row.alert_number} without a threshold`);
  return {
    organizationId: row.organization_id,
    alertNumber: BigInt(row.alert_number),
    kind: row.kind,
    threshold,
    levelMicros: BigInt(row.level_micros),
    remainingMicros: BigInt(row.remaining_micros),
    version: BigInt(row.version),
    effectiveTime: fromRowTime(row.effective_time),
    recordTime: fromRowTime(row.record_time),
  };
}
