import type { Time } from "../time.ts";
import type { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";

/**
 * A reference of ours that no grant has (R-GRANT-4). A caller may have used it for
 * a grant of its own; then a number is added, for a boundary can't be refused.
 */
export function unusedReference(ledger: LedgerView, draft: Draft, wanted: string): string {
  const made = new Set([...draft.grants.values()].map(({ reference }) => reference));
  const isUsed = (reference: string): boolean => ledger.references.has(reference) || made.has(reference);
  let reference = wanted;
  for (let number = 2; isUsed(reference); number += 1) reference = `${wanted}/${number}`;
  return reference;
}

/** `cycle:2026-11-01T00:00:00Z`: by a cycle's start. */
export function cycleReference(startTime: Time): string {
  const text = new Date(Number(startTime / 1_000n)).toISOString();
  return `cycle:${text.replace(".000Z", "Z")}`;
}

/** Of what an upgrade grants. */
export function changeReference(requestId: string): string {
  return `change:${requestId}`;
}

/** Of what a refund gives back for expired grants, and for debt that was paid since. */
export function refundReferences(requestId: string): readonly [expired: string, paidDebt: string] {
  return [`refund:${requestId}`, `refund:${requestId}/debt`];
}
