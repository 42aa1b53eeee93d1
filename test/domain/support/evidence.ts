import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import { type Discrepancy, type StoredState, Verifier } from "../../../src/domain/ledger/verify.ts";
import type { Book } from "./book.ts";
import { chainOf, link } from "./seal.ts";

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

export function verify({ transactions, hashes, stored, headHash }: Evidence): readonly Discrepancy[] {
  const verifier = new Verifier("acme", link);
  for (const [index, transaction] of transactions.entries()) verifier.feed(transaction, hashes[index] ?? "");
  return verifier.finish(stored, headHash);
}

/** Where something is not as it should be, each place once. */
export function placesOf(evidence: Evidence): readonly string[] {
  return [...new Set(verify(evidence).map(({ place }) => place))];
}
