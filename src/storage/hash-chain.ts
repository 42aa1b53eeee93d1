import { createHash } from "node:crypto";
import { canonicalCommand, canonicalTransaction } from "../domain/ledger/canonical.ts";
import type { Command } from "../domain/ledger/command.ts";
import type { SealedTransaction, Transaction } from "../domain/ledger/transaction.ts";
import type { CatalogueContent } from "../domain/plans/catalogue.ts";
import { toJsonText } from "./plan-json.ts";

/** SHA-256 over the bytes of the hash before and the canonical text in UTF-8, in hex (R-HIST-4). */
export function linkHash(previousHash: string, canonicalText: string): string {
  return createHash("sha256").update(previousHash, "hex").update(canonicalText, "utf8").digest("hex");
}

export function seal(previousHash: string, transaction: Transaction): SealedTransaction {
  return { ...transaction, hash: linkHash(previousHash, canonicalTransaction(transaction)) };
}

/** What two requests with one id are compared by (R-REQ-2). */
export function fingerprintOf(command: Command): string {
  return createHash("sha256").update(canonicalCommand(command), "utf8").digest("hex");
}

/** The same for catalogues. */
export function contentFingerprint(content: CatalogueContent): string {
  return createHash("sha256").update(toJsonText(content), "utf8").digest("hex");
}
