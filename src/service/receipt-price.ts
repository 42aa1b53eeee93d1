import type { Command } from "../domain/ledger/command.ts";
import { purchasePrice, purchasesOf } from "../domain/ledger/purchase.ts";
import { upgradePrice } from "../domain/plans/plan-change.ts";
import type { Price } from "../domain/plans/price.ts";
import { fingerprintOf } from "../storage/hash-chain.ts";
import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { CatalogueHistory } from "./catalogue-history.ts";
import type { Receipt } from "./receipt.ts";

export function isPriced({ kind }: Command): boolean {
  return kind === "purchaseCredits" || kind === "changePlan";
}

/** Adds what is to be paid, where the request is about that: the same however often it is repeated (R-PLAN-11). */
export async function pricedReceipt(
  reader: LedgerReader,
  catalogues: CatalogueHistory,
  command: Command,
  receipt: Receipt,
): Promise<Receipt> {
  if (command.kind === "purchaseCredits") return { ...receipt, price: firstPrice(catalogues, receipt) };
  if (command.kind === "changePlan") return { ...receipt, price: await changePrice(reader, receipt) };
  return receipt;
}

/**
 * What the purchase cost that granted: a repetition may name the same credits
 * otherwise, as a pack or by number. What was asked for first is known by its
 * fingerprint; undefined where the grant was not bought, so that nobody quoted a price.
 */
function firstPrice(catalogues: CatalogueHistory, { grant, transactions }: Receipt): Price | undefined {
  if (!grant) return undefined;
  const { amountMicros, reference, createTime } = grant;
  const catalogue = catalogues.at(createTime);
  const first = purchasesOf(amountMicros, catalogue).find((purchase) => {
    const fingerprint = fingerprintOf({ kind: "purchaseCredits", purchase, reference });
    return transactions.some((transaction) => transaction.fingerprint === fingerprint);
  });
  return first && purchasePrice(first, catalogue);
}

/** Told by the change's own place in history: only an upgrade is paid at once. */
async function changePrice(
  reader: LedgerReader,
  { transactions: [change], subscription: after }: Receipt,
): Promise<Price | undefined> {
  if (!change || !after) return undefined;
  if (change.kind !== "PLAN_CHANGE") return { ...after.price, amountMinor: 0n };
  const before = await reader.subscriptionAt(change.organizationId, change.version - 1n);
  return before && upgradePrice(before, after.price, change.effectiveTime);
}
