import { invariant } from "../invariant.ts";
import { openGrant } from "./create-grant.ts";
import { Draft } from "./draft.ts";
import type { Ledger } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Applies a recorded transaction again, by its movements alone (R-GRANT-6). Throws
 * an InvariantError where the ledger can't have come to it; returns the transaction
 * as it should have been recorded.
 */
export function replay(ledger: Ledger, transaction: Transaction): Transaction {
  const draft = new Draft(ledger);
  const { kind, grantId, version, spentBecomesDebt = false } = transaction;
  invariant(version === draft.version, `R-BAL-3: version ${version} follows ${ledger.account.version}`);
  if (kind === "GRANT") openGrant(draft, transaction);
  if (kind === "GRANT_VOID" && grantId !== undefined) {
    draft.putGrant({ ...draft.grant(grantId), voided: true, spentBecomesDebt });
  }
  for (const movement of transaction.movements) draft.move(movement);
  const again = draft.record(transaction, transaction, transaction.recordTime);
  ledger.absorb(draft);
  return { ...again, requestOrdinal: transaction.requestOrdinal };
}
