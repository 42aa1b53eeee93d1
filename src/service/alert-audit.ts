import type { Discrepancy } from "../domain/ledger/discrepancy.ts";
import type { LedgerSnapshot } from "../storage/ledger-snapshot.ts";

/** Alerts are numbered without gaps, up to the number that the account has (R-WATCH-2); old ones are not kept. */
export async function alertDiscrepancies(
  snapshot: LedgerSnapshot,
  organizationId: string,
): Promise<readonly Discrepancy[]> {
  const { count, first, last } = await snapshot.alertNumbers();
  if (count === 0n) return [];
  const lastNumber = await snapshot.lastAlertNumber();
  const expected = `alerts ${first} to ${lastNumber}`;
  const found = `${count} alerts from ${first} to ${last}`;
  const sound = last === lastNumber && count === last - first + 1n;
  return sound ? [] : [{ organizationId, place: "alerts", expected, found }];
}
