import type { Catalogue } from "../../src/domain/plans/catalogue.ts";
import { NO_LIMITS } from "../../src/domain/plans/plan.ts";

/** What can be had at a time, in the fewest numbers: both models read this, each in its own way. */
export type Offer = Readonly<{
  /** By rank: microcredits a cycle, price a month, and how many members. */
  plans: readonly (readonly [credits: number, price: number, members: number])[];
  packs: readonly (readonly [credits: number, price: number])[];
}>;

/** Editions of one catalogue: plans gain and lose credits, and a higher one need not give more. */
export const OFFERS: readonly Offer[] = [
  {
    plans: [
      [0, 0, 1],
      [17, 10, 2],
      [61, 30, 5],
      [151, 90, 9],
    ],
    packs: [
      [23, 5],
      [97, 19],
    ],
  },
  {
    plans: [
      [5, 0, 1],
      [29, 12, 3],
      [47, 30, 4],
      [211, 80, 9],
    ],
    packs: [
      [31, 5],
      [97, 17],
    ],
  },
  {
    plans: [
      [3, 0, 2],
      [90, 30, 2],
      [13, 20, 5],
      [89, 95, 9],
    ],
    packs: [
      [19, 5],
      [101, 20],
    ],
  },
];

export function planName(rank: number): string {
  return `plan-${rank}`;
}

export function packName(index: number): string {
  return `pack-${index}`;
}

export function toCatalogue(offer: Offer, version: number, effectiveTime: bigint): Catalogue {
  const euros = (amount: number) => ({ amountMinor: BigInt(amount), currency: "EUR" });
  return {
    version,
    effectiveTime,
    plans: offer.plans.map(([credits, price, members], rank) => ({
      planId: planName(rank),
      displayName: "",
      rank,
      cycleMicros: BigInt(credits),
      limits: { ...NO_LIMITS, MEMBERS: members },
      monthlyPrice: euros(price),
      yearlyPrice: euros(price * 10),
    })),
    packs: offer.packs.map(([credits, price], index) => ({
      packId: packName(index),
      displayName: "",
      amountMicros: BigInt(credits),
      price: euros(price),
    })),
    unitPrice: { amountMicros: 1n, price: euros(1) },
  };
}
