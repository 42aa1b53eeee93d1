import { sizeOf } from "./naive-credits.ts";
import type { NaiveLedger, NaiveOutcome } from "./naive-ledger.ts";
import { NaiveSubscription } from "./naive-subscription.ts";
import type { Period } from "./step.ts";

const DAY = 86_400_000_000;

export function subscribe(
  ledger: NaiveLedger,
  plan: number,
  period: Period,
  anchor: number | undefined,
): NaiveOutcome {
  const { now, subscription } = ledger;
  const offer = ledger.offerAt(now);
  if (!offer.plans[plan]) return "PLAN_NOT_FOUND";
  if (subscription?.live) return "SUBSCRIPTION_EXISTS";
  const from = anchor ?? now;
  if (from < now - 3_653 * DAY || from > now + 31 * DAY) return "ANCHOR_OUT_OF_RANGE";
  const created = new NaiveSubscription(plan, period, from, now, offer);
  ledger.subscription = created;
  ledger.giveCycle(created, now);
  return ledger.changed();
}

export function change(
  ledger: NaiveLedger,
  plan: number,
  period: Period,
  members: number,
  request: string,
): NaiveOutcome {
  const { subscription, now } = ledger;
  if (!subscription?.live) return "SUBSCRIPTION_NOT_FOUND";
  const offer = ledger.offerAt(now);
  const wanted = offer.plans[plan];
  if (!wanted) return "PLAN_NOT_FOUND";
  if (subscription.state === "PAST_DUE") return "SUBSCRIPTION_PAST_DUE";
  const { schedule } = subscription;
  if (plan === subscription.plan && period === subscription.period) {
    if (!schedule) return "PLAN_UNCHANGED";
    subscription.schedule = undefined;
    return ledger.changed();
  }
  const later = { cancel: false, plan, period, version: ledger.version + 1 };
  if (plan > subscription.plan) return upgrade(ledger, subscription, later, request);
  if (schedule && !schedule.cancel && schedule.plan === plan && schedule.period === period)
    return "unchanged";
  if (schedule) return "PLAN_CHANGE_SCHEDULED";
  if (plan !== subscription.plan && members > wanted[2]) return "PLAN_LIMIT_EXCEEDED";
  subscription.schedule = later;
  return ledger.changed();
}

function upgrade(
  ledger: NaiveLedger,
  subscription: NaiveSubscription,
  later: NonNullable<NaiveSubscription["schedule"]>,
  request: string,
): NaiveOutcome {
  const offer = ledger.offerAt(ledger.now);
  const difference = subscription.difference(later.plan, ledger.now, offer);
  const credits = offer.plans[later.plan]?.[0] ?? 0;
  subscription.plan = later.plan;
  subscription.credits = credits;
  subscription.most = Math.max(subscription.most, credits);
  subscription.schedule = later.period === subscription.period ? undefined : later;
  if (difference > 0)
    ledger.add("SUBSCRIPTION", difference, subscription.ends, ledger.unused(`change:${request}`));
  return ledger.changed();
}

export function withdraw(ledger: NaiveLedger): NaiveOutcome {
  const { subscription } = ledger;
  if (!subscription?.live) return "SUBSCRIPTION_NOT_FOUND";
  if (!subscription.schedule) return "PLAN_CHANGE_NOT_SCHEDULED";
  subscription.schedule = undefined;
  return ledger.changed();
}

export function cancel(ledger: NaiveLedger): NaiveOutcome {
  const { subscription } = ledger;
  if (!subscription?.live) return "SUBSCRIPTION_NOT_FOUND";
  if (subscription.schedule?.cancel) return "unchanged";
  const { plan, period } = subscription;
  subscription.schedule = { cancel: true, plan, period, version: ledger.version + 1 };
  return ledger.changed();
}

export function suspend(ledger: NaiveLedger, voidCycle: boolean): NaiveOutcome {
  const { subscription, credits } = ledger;
  if (!subscription?.live) return "SUBSCRIPTION_NOT_FOUND";
  const lots = credits.lots.filter(
    (lot) => voidCycle && lot.kind === "SUBSCRIPTION" && lot.expires === subscription.ends && !lot.voided,
  );
  if (subscription.state === "PAST_DUE" && lots.length === 0) return "unchanged";
  for (const lot of lots) {
    lot.voided = true;
    credits.move(lot, sizeOf(lot, "free"), ["free"], ["void"]);
  }
  subscription.state = "PAST_DUE";
  subscription.suspended.push(...lots);
  return ledger.changed();
}

export function resume(ledger: NaiveLedger): NaiveOutcome {
  const { subscription, credits, now } = ledger;
  if (!subscription?.live) return "SUBSCRIPTION_NOT_FOUND";
  if (subscription.state === "ACTIVE") return "unchanged";
  subscription.state = "ACTIVE";
  for (const lot of subscription.suspended) {
    lot.voided = false;
    credits.move(lot, sizeOf(lot, "void"), ["void"], ["free"]);
  }
  subscription.suspended = [];
  credits.pay();
  if (subscription.skipped) ledger.giveCycle(subscription, now);
  subscription.skipped = false;
  return ledger.changed();
}
