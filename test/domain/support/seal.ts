import { createHash } from "node:crypto";
import { canonicalTransaction } from "../../../src/domain/ledger/canonical.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The hash of a transaction in its chain. */
export function link(previousHash: string, canonicalText: string): string {
  return sha256(previousHash + canonicalText);
}

/** The hashes of a whole history, first to last. */
export function chainOf(transactions: readonly Transaction[]): string[] {
  let head = "";
  return transactions.map((transaction) => {
    head = link(head, canonicalTransaction(transaction));
    return head;
  });
}
