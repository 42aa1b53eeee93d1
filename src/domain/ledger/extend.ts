import { laterOf } from "../time.ts";
import type { ExtendReservation, Request } from "./command.ts";
import { accepted, type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";
import { TIME_TO_LIVE_MAX } from "./reservation.ts";
import { covers, insufficient } from "./reserve.ts";

/**
 * R-HOLD-7: more time, to 7 days after the start at most, and more credits, held
 * like a new reservation. A hold that lasts longer already is not shortened.
 *
 * Refusals: RESERVATION_NOT_FOUND, RESERVATION_SETTLED, RESERVATION_RELEASED,
 * RESERVATION_EXPIRED, TIME_TO_LIVE_EXCEEDED, INSUFFICIENT_CREDITS.
 */
export function extendReservation(
  ledger: LedgerView,
  request: Request<ExtendReservation>,
  { now }: Clock,
): Decision {
  const { reservationId, timeToLive, additionalAmountMicros = 0n } = request.command;
  const { organizationId } = ledger.account;
  const reservation = ledger.reservations.get(reservationId);
  if (!reservation) return refused({ reason: "RESERVATION_NOT_FOUND", organizationId, reservationId });
  if (reservation.state === "SETTLED") return refused({ reason: "RESERVATION_SETTLED", reservation });
  if (reservation.state === "RELEASED") return refused({ reason: "RESERVATION_RELEASED", reservation });
  if (reservation.state === "EXPIRED") return refused({ reason: "RESERVATION_EXPIRED", reservation });
  const expireTime = laterOf(reservation.expireTime, now + (timeToLive ?? 0n));
  const expireTimeMax = reservation.createTime + TIME_TO_LIVE_MAX;
  if (expireTime > expireTimeMax)
    return refused({ reason: "TIME_TO_LIVE_EXCEEDED", reservation, expireTimeMax });
  const draft = new Draft(ledger);
  if (!covers(draft, additionalAmountMicros)) return insufficient(draft, additionalAmountMicros, undefined);
  draft.takeFree(additionalAmountMicros, "HELD");
  const { context } = reservation;
  const subject = { kind: "EXTEND", effectiveTime: now, reservationId, expireTime, context } as const;
  draft.record({ ...subject, amountMicros: additionalAmountMicros }, request, now);
  return accepted(draft);
}
