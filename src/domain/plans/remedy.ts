import type { Time } from "../time.ts";
import { type Catalogue, rankIn, type TopUpPack } from "./catalogue.ts";
import type { Plan } from "./plan.ts";
import { upgradeMicros } from "./plan-change.ts";
import { nextRefreshTime, type Subscription } from "./subscription.ts";

/** What would cover a shortfall (R-HOLD-2). */
export type Remedy = Readonly<{
  /** The smallest that covers it. */
  pack: TopUpPack | undefined;
  /** The cheapest that would. */
  plan: Plan | undefined;
  nextRefreshTime: Time | undefined;
}>;

export function remedyFor(
  shortfallMicros: bigint,
  subscription: Subscription | undefined,
  { catalogue, now }: Readonly<{ catalogue: Catalogue; now: Time }>,
): Remedy {
  const packs = catalogue.packs.filter(({ amountMicros }) => amountMicros >= shortfallMicros);
  const [pack] = packs.sort((left, right) => compare(left.amountMicros, right.amountMicros));
  const plans = catalogue.plans.filter(
    (plan) => grantedNow(plan, subscription, { catalogue, now }) >= shortfallMicros,
  );
  const [plan] = plans.sort(
    (left, right) =>
      compare(left.monthlyPrice.amountMinor, right.monthlyPrice.amountMinor) || left.rank - right.rank,
  );
  return { pack, plan, nextRefreshTime: nextRefreshTime(subscription) };
}

/** What choosing the plan would grant at once; only a higher one does. */
function grantedNow(
  plan: Plan,
  subscription: Subscription | undefined,
  { catalogue, now }: Readonly<{ catalogue: Catalogue; now: Time }>,
): bigint {
  if (subscription === undefined || subscription.state === "ENDED") return plan.cycleMicros;
  if (subscription.state === "PAST_DUE" || plan.rank <= rankIn(catalogue, subscription.plan)) return 0n;
  return upgradeMicros(subscription, plan, now);
}

function compare(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
