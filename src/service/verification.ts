import { type Discrepancy, Verifier } from "../domain/ledger/verify.ts";
import { linkHash } from "../storage/hash-chain.ts";
import { LedgerSnapshot } from "../storage/ledger-snapshot.ts";
import type { Orm } from "../storage/orm.ts";
import { usageDiscrepancies } from "./usage/usage-verification.ts";

export type Verification = Readonly<{
  organizations: number;
  transactions: number;
  discrepancies: readonly Discrepancy[];
}>;

/**
 * Recomputes organizations from their transactions and compares with what is
 * stored (R-GRANT-6, R-HIST-4): all of them, or the one given. One snapshot, so it
 * may run while the service does.
 */
export function verifyLedger(orm: Orm, organizationId?: string): Promise<Verification> {
  return LedgerSnapshot.read(orm, async (snapshot) => {
    const ids = organizationId === undefined ? await snapshot.organizationIds() : [organizationId];
    const discrepancies: Discrepancy[] = [];
    let transactions = 0;
    for (const id of ids) {
      const verifier = new Verifier(id, linkHash);
      for await (const { hash, ...transaction } of snapshot.transactions(id)) {
        verifier.feed(transaction, hash);
        transactions += 1;
      }
      discrepancies.push(...(await usageDiscrepancies(snapshot.usage(id))));
      const state = await snapshot.state(id);
      if (state) discrepancies.push(...verifier.finish(state, state.headHash));
      else
        discrepancies.push({
          organizationId: id,
          place: "account",
          expected: "an account",
          found: "nothing",
        });
    }
    return { organizations: ids.length, transactions, discrepancies };
  });
}
