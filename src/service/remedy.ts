import { type Remedy, remedyFor } from "../domain/plans/remedy.ts";
import { laterOf } from "../domain/time.ts";
import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { CatalogueHistory } from "./catalogue-history.ts";

/** What would cover a shortfall of an organization, as things stand (R-HOLD-2). */
export async function remedyOf(
  reader: LedgerReader,
  catalogues: CatalogueHistory,
  organizationId: string,
  shortfallMicros: bigint,
): Promise<Remedy> {
  const [{ account, now }, subscription] = await Promise.all([
    reader.account(organizationId),
    reader.subscription(organizationId),
    catalogues.refresh((version) => reader.cataloguesAfter(version)),
  ]);
  const at = laterOf(now, account?.updateTime ?? now);
  return remedyFor(shortfallMicros, subscription, { catalogue: catalogues.at(at), now: at });
}
