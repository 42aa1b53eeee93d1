import type { Time } from "../time.ts";
import type { Plan } from "./plan.ts";
import { type Price, shareOf } from "./price.ts";

/** Credits that can be bought at once (R-PLAN-9). */
export type TopUpPack = Readonly<{
  packId: string;
  displayName: string;
  amountMicros: bigint;
  price: Price;
}>;

/** What credits cost that are bought by number: so much money for so many. */
export type UnitPrice = Readonly<{ amountMicros: bigint; price: Price }>;

/** What can be subscribed to and bought. */
export type CatalogueContent = Readonly<{
  plans: readonly Plan[];
  packs: readonly TopUpPack[];
  unitPrice: UnitPrice | undefined;
}>;

/** One version of the catalogue: plans are versioned data (R-PLAN-1). */
export type Catalogue = CatalogueContent &
  Readonly<{
    version: number;
    /** From when on it counts. */
    effectiveTime: Time;
  }>;

/** Before the first catalogue nothing can be subscribed to or bought. */
export const EMPTY_CATALOGUE: Catalogue = Object.freeze({
  version: 0,
  effectiveTime: 0n,
  plans: [],
  packs: [],
  unitPrice: undefined,
});

export function findPlan(catalogue: Catalogue, planId: string): Plan | undefined {
  return catalogue.plans.find((plan) => plan.planId === planId);
}

/** A plan's rank as the catalogue has it now, which may have numbered its plans anew; a plan that has gone keeps its own. */
export function rankIn(catalogue: Catalogue, plan: Plan): number {
  return findPlan(catalogue, plan.planId)?.rank ?? plan.rank;
}

export function findPack(catalogue: Catalogue, packId: string): TopUpPack | undefined {
  return catalogue.packs.find((pack) => pack.packId === packId);
}

/** What so many credits cost, rounded up to a whole minor unit once. */
export function priceOfCredits(amountMicros: bigint, { amountMicros: whole, price }: UnitPrice): Price {
  return { ...price, amountMinor: shareOf(price.amountMinor, { part: amountMicros, whole }) };
}
