import type { Discrepancy } from "../../../src/domain/ledger/discrepancy.ts";
import { UsageVerification } from "../../../src/service/usage/usage-verification.ts";
import type { UsageAudit } from "../../../src/storage/usage/usage-audit.ts";

/** What is amiss with what is summed up, as a verification finds it beside all else that it looks at. */
export async function usageDiscrepancies(
  audit: UsageAudit,
  rowsMax?: number,
): Promise<readonly Discrepancy[]> {
  const { cursor } = await audit.extent();
  const verification = await UsageVerification.begin(audit, rowsMax);
  for await (const change of audit.used({ after: 0n, upTo: cursor })) await verification.add(change);
  return verification.finish();
}
