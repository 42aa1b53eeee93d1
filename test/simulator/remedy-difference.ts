import type { Refusal } from "../../src/domain/ledger/refusal.ts";
import { remedyFor } from "../../src/domain/plans/remedy.ts";
import { same } from "./difference.ts";
import type { Machine } from "./machine.ts";
import type { NaiveLedger } from "./naive-ledger.ts";
import { packName, planName } from "./offer.ts";

/** R-HOLD-2: the smallest pack, the cheapest plan and the next refresh, of a refusal for lack of credits. */
export function compareRemedy(machine: Machine, naive: NaiveLedger, refusal: Refusal, clock: bigint): void {
  if (refusal.reason !== "INSUFFICIENT_CREDITS") return;
  same("available", Number(refusal.availableMicros), naive.available);
  const shortfall = refusal.requiredMicros - refusal.availableMicros;
  const now = machine.now(clock);
  const context = { catalogue: machine.catalogueAt(now), now };
  const remedy = remedyFor(shortfall, machine.ledger.subscription, context);
  const { nextRefreshTime } = remedy;
  compareTold(naive, Number(shortfall), {
    packId: remedy.pack?.packId,
    planId: remedy.plan?.planId,
    nextRefresh: nextRefreshTime === undefined ? undefined : Number(nextRefreshTime),
  });
}

type Told = Readonly<{
  packId: string | undefined;
  planId: string | undefined;
  nextRefresh: number | undefined;
}>;

/** Compares what was told to help with what the naive model would tell. */
export function compareTold(naive: NaiveLedger, missing: number, told: Told): void {
  const pack = naive.offerAt(naive.now).packs.findIndex(([size]) => size >= missing);
  same("remedy's pack", told.packId, pack < 0 ? undefined : packName(pack));
  same("remedy's plan", told.planId, cheapestPlan(naive, missing));
  same("remedy's refresh", told.nextRefresh, nextRefresh(naive));
}

function cheapestPlan(naive: NaiveLedger, missing: number): string | undefined {
  const offer = naive.offerAt(naive.now);
  let best: number | undefined;
  for (const [rank, [, price]] of offer.plans.entries()) {
    const cheaper = best === undefined || price < (offer.plans[best]?.[1] ?? 0);
    if (cheaper && givesNow(naive, rank) >= missing) best = rank;
  }
  return best === undefined ? undefined : planName(best);
}

function givesNow(naive: NaiveLedger, rank: number): number {
  const { subscription, now } = naive;
  const offer = naive.offerAt(now);
  if (!subscription?.live) return offer.plans[rank]?.[0] ?? 0;
  if (subscription.state === "PAST_DUE" || rank <= subscription.plan) return 0;
  return subscription.difference(rank, now, offer);
}

function nextRefresh({ subscription }: NaiveLedger): number | undefined {
  if (subscription?.state !== "ACTIVE") return undefined;
  const ending = subscription.schedule?.cancel && subscription.ends === subscription.termEnds;
  return ending ? undefined : subscription.ends;
}
