import { minMicros, TOTAL_MICROS_MAX } from "../amount.ts";
import { isLive, nextCycle, type Subscription } from "../plans/subscription.ts";
import type { Time } from "../time.ts";
import { totalMicros } from "./account.ts";
import type { Plans } from "./decision.ts";
import type { Draft } from "./draft.ts";
import type { MadeGrant } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { cycleReference, unusedReference } from "./reference.ts";
import { SYSTEM_ACTOR } from "./transaction.ts";

const ORIGIN = { requestId: undefined, fingerprint: undefined, actor: SYSTEM_ACTOR } as const;

/** What boundaries need; `max` bounds how many one piece records. */
export type Cycles = Plans & Readonly<{ newId: () => string; max: number }>;

/** When the subscription's current cycle ends. */
export function boundaryOf({ subscription }: Pick<LedgerView, "subscription">): Time | undefined {
  return isLive(subscription) ? subscription.cycleEndTime : undefined;
}

/**
 * R-PLAN-3: one change with both movements: the unused subscription credits expire
 * and the new cycle's are granted. Past due it grants nothing (R-PLAN-8); at the
 * end of a cancelled term it is the subscription's end.
 */
export function resetCycle(
  ledger: LedgerView,
  draft: Draft,
  before: Subscription,
  cycles: Cycles,
  now: Time,
): void {
  const time = before.cycleEndTime;
  const expiredMicros = expireUnused(draft, time);
  const after = nextCycle(before, cycles.calendar, cycles.catalogueAt(time));
  const subscriptionAfter = { ...after, version: draft.version };
  draft.putSubscription(subscriptionAfter);
  if (after.state === "ENDED") {
    draft.payDebts();
    const subject = { kind: "SUBSCRIPTION_END", effectiveTime: time, amountMicros: expiredMicros } as const;
    draft.record({ ...subject, subscriptionAfter }, ORIGIN, now);
    return;
  }
  const made = after.cycleSkipped ? [] : grantCycle(ledger, draft, after, time, cycles.newId);
  draft.payDebts();
  const amountMicros = made.reduce((sum, grant) => sum + grant.amountMicros, 0n);
  const subject = { kind: "CYCLE_RESET", effectiveTime: time, amountMicros, made } as const;
  draft.record({ ...subject, subscriptionAfter }, ORIGIN, now);
}

/**
 * Grants the cycle's credits into a draft, in full. A boundary can't be refused, so
 * what would exceed the most that an organization may own is left out (R-AMT-3).
 */
export function grantCycle(
  ledger: LedgerView,
  draft: Draft,
  { plan, cycleStartTime, cycleEndTime }: Subscription,
  time: Time,
  newId: () => string,
): readonly MadeGrant[] {
  const room = TOTAL_MICROS_MAX - totalMicros(draft.balance);
  const amountMicros = minMicros(plan.cycleMicros, room);
  if (amountMicros === 0n) return [];
  const reference = unusedReference(ledger, draft, cycleReference(cycleStartTime));
  return [
    grantInto(
      draft,
      { grantId: newId(), kind: "SUBSCRIPTION", amountMicros, expireTime: cycleEndTime, reference },
      time,
    ),
  ];
}

/** Opens a grant in a draft and fills it. */
export function grantInto(draft: Draft, made: MadeGrant, time: Time): MadeGrant {
  const { grantId, amountMicros } = made;
  draft.openGrant(made, time);
  draft.move({ grantId, from: "OUTSIDE", to: "FREE", amountMicros, debtVersion: undefined });
  return made;
}

/** What is held may still be consumed (R-HOLD-6). */
function expireUnused(draft: Draft, time: Time): bigint {
  let expiredMicros = 0n;
  for (const { grantId, freeMicros, expireTime } of draft.freeGrants("SUBSCRIPTION")) {
    if (expireTime === undefined || expireTime > time) continue;
    draft.move({ grantId, from: "FREE", to: "EXPIRED", amountMicros: freeMicros, debtVersion: undefined });
    expiredMicros += freeMicros;
  }
  return expiredMicros;
}
