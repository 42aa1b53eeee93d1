import { hash } from "node:crypto";
import { canonicalCommand, canonicalTransaction } from "../domain/ledger/canonical.ts";
import type { Command } from "../domain/ledger/command.ts";
import type { SealedTransaction, Transaction } from "../domain/ledger/transaction.ts";
import type { CatalogueContent } from "../domain/plans/catalogue.ts";
import { toJsonText } from "./plan-json.ts";

/** SHA-256 over the bytes of the hash before and the canonical text in UTF-8, in hex (R-HIST-4). */
export function linkHash(previousHash: string, canonicalText: string): string {
  return hash(
    "sha256",
    Buffer.concat([Buffer.from(previousHash, "hex"), Buffer.from(canonicalText, "utf8")]),
  );
}

export function seal(previousHash: string, transaction: Transaction): SealedTransaction {
  return { ...transaction, hash: linkHash(previousHash, canonicalTransaction(transaction)) };
}

/** What two requests with one id are compared by (R-REQ-2). */
export function fingerprintOf(command: Command): string {
  return hash("sha256", canonicalCommand(command));
}

/** The same for catalogues. */
export function contentFingerprint(content: CatalogueContent): string {
  return hash("sha256", toJsonText(content));
}
