import type { Discrepancy } from "../../../src/domain/ledger/discrepancy.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { Verifier, type VerifierOptions } from "../../../src/domain/ledger/verify.ts";
import type { Book } from "./book.ts";
import { chainOf, link } from "./seal.ts";
import { discrepanciesOf, type StoredState } from "./stored-state.ts";

/** What a verifier is given of one organization. */
export type Evidence = Readonly<{
  transactions: readonly Transaction[];
  hashes: readonly string[];
  stored: StoredState;
  headHash: string;
}>;

export function evidenceOf({ transactions, stored }: Book): Evidence {
  return resealed({ transactions: [...transactions], hashes: [], stored, headHash: "" });
}

/** With all hashes computed anew. */
export function resealed(evidence: Evidence): Evidence {
  const hashes = chainOf(evidence.transactions);
  return { ...evidence, hashes, headHash: hashes.at(-1) ?? "" };
}

/** With one transaction changed. */
export function withTransaction(
  evidence: Evidence,
  version: bigint,
  change: (transaction: Transaction) => Transaction,
): Evidence {
  const transactions = evidence.transactions.map((t) => (t.version === version ? change(t) : t));
  return { ...evidence, transactions };
}

export function verify(evidence: Evidence, options?: VerifierOptions): readonly Discrepancy[] {
  return discrepanciesOf(new Verifier("acme", link, options), evidence);
}

/** Where something is not as it should be, each place once. */
export function placesOf(evidence: Evidence, options?: VerifierOptions): readonly string[] {
  return [...new Set(verify(evidence, options).map(({ place }) => place))];
}
