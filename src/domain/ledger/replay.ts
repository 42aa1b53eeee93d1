import { invariant } from "../invariant.ts";
import type { Debt } from "./debt.ts";
import { Draft } from "./draft.ts";
import type { MadeGrant } from "./grant.ts";
import type { Ledger } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

export type Replayed = Readonly<{
  /** The transaction as it should have been recorded. */
  transaction: Transaction;
  /** The debts that it incurred or paid, as they are after it. */
  debts: readonly Debt[];
}>;

/**
 * Applies a recorded transaction again, by its movements alone (R-GRANT-6). Throws
 * an InvariantError where the ledger can't have come to it.
 */
export function replay(ledger: Ledger, transaction: Transaction): Replayed {
  const draft = new Draft(ledger);
  const { kind, grantId, version, spentBecomesDebt = false } = transaction;
  invariant(version === draft.version, `R-BAL-3: version ${version} follows ${ledger.account.version}`);
  assertOnce(ledger, transaction);
  for (const made of madeBy(transaction)) draft.openGrant(made, transaction.effectiveTime);
  if (transaction.subscriptionAfter) draft.putSubscription(transaction.subscriptionAfter);
  if (kind === "GRANT_VOID" && grantId !== undefined) {
    draft.putGrant({ ...draft.grant(grantId), voided: true, spentBecomesDebt });
  }
  for (const movement of transaction.movements) draft.move(movement);
  const again = draft.record(transaction, transaction, transaction.recordTime);
  ledger.absorb(draft);
  const { requestOrdinal } = transaction;
  return { transaction: { ...again, requestOrdinal }, debts: [...draft.debts.values()] };
}

/** A request has one effect (R-REQ-1), and so have a grant's id and its reference (R-GRANT-4). */
function assertOnce(ledger: Ledger, transaction: Transaction): void {
  const { requestId = "", requestOrdinal, version } = transaction;
  const earlier = ledger.requests.get(requestId)?.versions ?? [];
  const next = earlier.length === 0 || earlier.at(-1) === version - 1n;
  invariant(next && requestOrdinal === earlier.length, `R-REQ-1: ${requestId} has another effect`);
  assertReferencedOnce(ledger, transaction);
  for (const { grantId, reference } of madeBy(transaction)) {
    const isNew = !ledger.grants.has(grantId) && !ledger.references.has(reference);
    invariant(isNew, `R-GRANT-4: ${reference} grants again`);
  }
}

/** What a caller refers to acts once; references of the ledger's own are for grants alone. */
function assertReferencedOnce(ledger: Ledger, { kind, requestReference, reference }: Transaction): void {
  const named = kind === "GRANT" ? reference : requestReference;
  if (named === undefined) return;
  const isNew = !ledger.requestReferences.has(named) && !ledger.references.has(named);
  invariant(isNew, `R-GRANT-4: ${named} acts again`);
}

/** The grants that a transaction made: a GRANT is about one. */
export function madeBy(transaction: Transaction): readonly MadeGrant[] {
  const { kind, grantId, grantKind, amountMicros, expireTime, reference = "", made = [] } = transaction;
  if (kind !== "GRANT") return made;
  invariant(grantId !== undefined && grantKind !== undefined, "a grant without an id or a kind");
  return [{ grantId, kind: grantKind, amountMicros, expireTime, reference }];
}
