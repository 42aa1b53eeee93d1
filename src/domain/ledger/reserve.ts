import type { BatchReserveCredits, Request, ReserveCredits, ReserveItem } from "./command.ts";
import { type Cost, costOfHold } from "./cost.ts";
import { accepted, type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";

type Hold = Cost & Pick<ReserveItem, "context" | "timeToLive">;

/**
 * R-HOLD-1: holds all of the amount, in spend order, or changes nothing.
 *
 * Refusals: those of `costOfHold`, INSUFFICIENT_CREDITS.
 */
export function reserveCredits(ledger: LedgerView, request: Request<ReserveCredits>, clock: Clock): Decision {
  const draft = new Draft(ledger);
  const { command } = request;
  const cost = costOfHold(command, clock);
  if ("refusal" in cost) return refused(cost.refusal);
  if (!covers(draft, cost.amountMicros)) return insufficient(draft, cost.amountMicros, undefined);
  hold(draft, { ...command, ...cost }, request, clock);
  return accepted(draft);
}

/**
 * R-HOLD-10: all items or none, one transaction each.
 *
 * Refusals: those of `costOfHold`, with the first item that has one; INSUFFICIENT_CREDITS, with the first item
 * that fails and the total required.
 */
export function batchReserveCredits(
  ledger: LedgerView,
  request: Request<BatchReserveCredits>,
  clock: Clock,
): Decision {
  const draft = new Draft(ledger);
  const holds: Hold[] = [];
  for (const [itemIndex, item] of request.command.items.entries()) {
    const cost = costOfHold(item, clock);
    if ("refusal" in cost) return refused({ ...cost.refusal, itemIndex });
    holds.push({ ...item, ...cost });
  }
  for (const [index, item] of holds.entries()) {
    if (!covers(draft, item.amountMicros)) {
      const required = holds.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
      return insufficient(new Draft(ledger), required, index);
    }
    hold(draft, item, request, clock);
  }
  return accepted(draft);
}

/** Zero needs nothing, so it is covered even where there is debt (R-AMT-4). */
export function covers(draft: Draft, amountMicros: bigint): boolean {
  return amountMicros === 0n || amountMicros <= draft.availableMicros;
}

export function insufficient(draft: Draft, requiredMicros: bigint, itemIndex: number | undefined): Decision {
  const { availableMicros } = draft;
  return refused({ reason: "INSUFFICIENT_CREDITS", availableMicros, requiredMicros, itemIndex });
}

function hold(draft: Draft, item: Hold, request: Request, { now, newId }: Clock): void {
  const { amountMicros, pricing, context, timeToLive } = item;
  draft.takeFree(amountMicros, "HELD");
  const expireTime = now + timeToLive;
  const reservationId = newId();
  const subject = { kind: "RESERVE", effectiveTime: now, reservationId, amountMicros, expireTime } as const;
  draft.record({ ...subject, context, ...(pricing ? { pricing } : {}) }, request, now);
}
