import { type Catalogue, findPack, priceOfCredits } from "../plans/catalogue.ts";
import type { Price } from "../plans/price.ts";
import type { Purchase, PurchaseCredits, RefundPurchase, Request } from "./command.ts";
import { createGrant } from "./create-grant.ts";
import { type Clock, type Decision, plansOf, refused, unchanged } from "./decision.ts";
import type { LedgerView } from "./ledger.ts";
import { voidGrant } from "./void-grant.ts";

/**
 * R-PLAN-9: a grant of purchased credits, once for each payment (R-GRANT-4). A
 * repetition is judged by the catalogue of the first time, so that an edited pack
 * does not turn a repeated callback into another purchase.
 *
 * Refusals: REFERENCE_REUSED, PACK_NOT_FOUND, UNIT_PRICE_MISSING, BALANCE_LIMIT_EXCEEDED.
 */
export function purchaseCredits(
  ledger: LedgerView,
  request: Request<PurchaseCredits>,
  clock: Clock,
): Decision {
  const { purchase, reference } = request.command;
  const earlier = ledger.grants.get(ledger.references.get(reference) ?? "");
  const catalogue = plansOf(clock).catalogueAt(earlier?.createTime ?? clock.now);
  const amountMicros = amountOf(purchase, catalogue);
  if (amountMicros === undefined) {
    if (earlier) return refused({ reason: "REFERENCE_REUSED", grant: earlier });
    return "packId" in purchase
      ? refused({ reason: "PACK_NOT_FOUND", packId: purchase.packId })
      : refused({ reason: "UNIT_PRICE_MISSING" });
  }
  const grant = { kind: "createGrant", grantKind: "PURCHASED", expireTime: undefined, reference } as const;
  return createGrant(ledger, { ...request, command: { ...grant, amountMicros } }, clock);
}

/**
 * R-GRANT-5 by the payment's reference; repeating it with the same choice changes nothing.
 *
 * Refusals: PURCHASE_NOT_FOUND, GRANT_VOIDED (with the other choice), BALANCE_LIMIT_EXCEEDED (the debt).
 */
export function refundPurchase(ledger: LedgerView, request: Request<RefundPurchase>, clock: Clock): Decision {
  const { reference, spentBecomesDebt, reason } = request.command;
  const grant = ledger.grants.get(ledger.references.get(reference) ?? "");
  if (grant?.kind !== "PURCHASED") {
    const { organizationId } = ledger.account;
    return refused({ reason: "PURCHASE_NOT_FOUND", organizationId, reference });
  }
  if (grant.voided && grant.spentBecomesDebt === spentBecomesDebt) return unchanged([]);
  const { grantId } = grant;
  return voidGrant(
    ledger,
    { ...request, command: { kind: "voidGrant", grantId, spentBecomesDebt, reason } },
    clock,
  );
}

/** What a purchase costs; undefined where the catalogue does not sell it (R-PLAN-11). */
export function purchasePrice(purchase: Purchase, catalogue: Catalogue): Price | undefined {
  if ("packId" in purchase) return findPack(catalogue, purchase.packId)?.price;
  return catalogue.unitPrice && priceOfCredits(purchase.amountMicros, catalogue.unitPrice);
}

/** All that could have been asked for to buy so many credits. */
export function purchasesOf(amountMicros: bigint, { packs, unitPrice }: Catalogue): readonly Purchase[] {
  const ofPack = packs.filter((pack) => pack.amountMicros === amountMicros);
  const purchases: Purchase[] = ofPack.map(({ packId }) => ({ packId }));
  return unitPrice ? [...purchases, { amountMicros }] : purchases;
}

/** How many credits; undefined where the catalogue does not sell them. */
function amountOf(purchase: Purchase, catalogue: Catalogue): bigint | undefined {
  if ("packId" in purchase) return findPack(catalogue, purchase.packId)?.amountMicros;
  return catalogue.unitPrice && purchase.amountMicros;
}
