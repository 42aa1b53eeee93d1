import type { Catalogue } from "../../../src/domain/plans/catalogue.ts";
import type { Plan } from "../../../src/domain/plans/plan.ts";
import type { Price } from "../../../src/domain/plans/price.ts";

function euros(amountMinor: bigint): Price {
  return { amountMinor, currency: "EUR" };
}

function plan(
  planId: string,
  rank: number,
  credits: bigint,
  monthly: bigint,
  members: number | undefined,
): Plan {
  return {
    planId,
    displayName: planId,
    rank,
    cycleMicros: credits * 1_000_000n,
    limits: { WORKSPACES: rank + 1, MEMBERS: members, AGENTS: undefined },
    monthlyPrice: euros(monthly),
    yearlyPrice: euros(monthly * 10n),
  };
}

/** Plans of 10, 100, 310 and 620 credits; packs of 50 and 500; 2 cents a credit. */
export const CATALOGUE: Catalogue = {
  version: 1,
  effectiveTime: 0n,
  plans: [
    plan("free", 0, 10n, 0n, 1),
    plan("solo", 1, 100n, 100n, 3),
    plan("crew", 2, 310n, 310n, 10),
    plan("team", 3, 620n, 620n, undefined),
  ],
  packs: [
    { packId: "small", displayName: "small", amountMicros: 50_000_000n, price: euros(100n) },
    { packId: "large", displayName: "large", amountMicros: 500_000_000n, price: euros(900n) },
  ],
  unitPrice: { amountMicros: 1_000_000n, price: euros(2n) },
};
