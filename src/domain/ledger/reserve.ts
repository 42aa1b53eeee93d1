import type { BatchReserveCredits, Request, ReserveCredits, ReserveItem } from "./command.ts";
import { accepted, type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";

/**
 * R-HOLD-1: holds all of the amount, in spend order, or changes nothing.
 *
 * Refusals: INSUFFICIENT_CREDITS.
 */
export function reserveCredits(ledger: LedgerView, request: Request<ReserveCredits>, clock: Clock): Decision {
  const draft = new Draft(ledger);
  const { command } = request;
  if (!covers(draft, command.amountMicros)) return insufficient(draft, command.amountMicros, undefined);
  hold(draft, command, request, clock);
  return accepted(draft);
}

/**
 * R-HOLD-10: all items or none, one transaction each.
 *
 * Refusals: INSUFFICIENT_CREDITS, with the first item that fails and the total required.
 */
export function batchReserveCredits(
  ledger: LedgerView,
  request: Request<BatchReserveCredits>,
  clock: Clock,
): Decision {
  const draft = new Draft(ledger);
  const { items } = request.command;
  for (const [index, item] of items.entries()) {
    if (!covers(draft, item.amountMicros)) {
      const required = items.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
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

function hold(draft: Draft, item: ReserveItem, request: Request, { now, newId }: Clock): void {
  const { amountMicros, context, timeToLive } = item;
  draft.takeFree(amountMicros, "HELD");
  const expireTime = now + timeToLive;
  const reservationId = newId();
  draft.record(
    { kind: "RESERVE", effectiveTime: now, reservationId, amountMicros, expireTime, context },
    request,
    now,
  );
}
