import type { Time } from "../time.ts";
import type { ReleaseReservation, ReleaseRun, Request } from "./command.ts";
import { accepted, type Clock, type Decision, refused, unchanged } from "./decision.ts";
import { Draft } from "./draft.ts";
import { type GrantShare, isExpired } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { endVersions, firstVersionOf, type Reservation } from "./reservation.ts";
import type { CreditState } from "./transaction.ts";

/**
 * R-HOLD-5. Releasing an expired hold, or releasing again, changes nothing (R-HOLD-9).
 *
 * Refusals: RESERVATION_NOT_FOUND, RESERVATION_SETTLED.
 */
export function releaseReservation(
  ledger: LedgerView,
  request: Request<ReleaseReservation>,
  clock: Clock,
): Decision {
  const { reservationId } = request.command;
  const { organizationId } = ledger.account;
  const reservation = ledger.reservations.get(reservationId);
  if (!reservation) return refused({ reason: "RESERVATION_NOT_FOUND", organizationId, reservationId });
  if (reservation.state === "SETTLED") return refused({ reason: "RESERVATION_SETTLED", reservation });
  if (reservation.state === "RELEASED") return unchanged(endVersions(reservation));
  if (reservation.state === "EXPIRED") return unchanged([]);
  const draft = new Draft(ledger);
  release(draft, reservation, request, clock);
  return accepted(draft);
}

/**
 * R-HOLD-13: one transaction for each reservation that the run still holds, oldest
 * first. Where it holds nothing, that is one without movements: it is remembered, so
 * that a copy of the request which comes late can't release what was held since
 * (R-REQ-1). Never refused.
 */
export function releaseRun(ledger: LedgerView, request: Request<ReleaseRun>, clock: Clock): Decision {
  const draft = new Draft(ledger);
  const { runId } = request.command;
  const held = [...ledger.reservations.values()].filter(
    (r) => r.state === "HELD" && r.context.runId === runId,
  );
  held.sort((left, right) => (firstVersionOf(left) < firstVersionOf(right) ? -1 : 1));
  for (const reservation of held) release(draft, reservation, request, clock);
  if (held.length === 0) {
    const subject = {
      kind: "RELEASE",
      effectiveTime: clock.now,
      amountMicros: 0n,
      context: { runId },
    } as const;
    draft.record(subject, request, clock.now);
  }
  return accepted(draft);
}

/**
 * Returns holds to exactly the grants that they came from, the last one first
 * (R-HOLD-3). What comes back to a grant that has expired or was voided goes the
 * grant's way at once (R-HOLD-6, R-GRANT-5); what becomes free pays debt (R-GRANT-7).
 */
export function returnHolds(draft: Draft, holds: readonly GrantShare[], now: Time): void {
  for (const { grantId, amountMicros } of holds.toReversed()) {
    draft.move({
      grantId,
      from: "HELD",
      to: whereReturned(draft, grantId, now),
      amountMicros,
      debtVersion: undefined,
    });
  }
  draft.payDebts();
}

function whereReturned(draft: Draft, grantId: string, now: Time): CreditState {
  const grant = draft.grant(grantId);
  if (grant.voided) return "VOIDED";
  return isExpired(grant, now) ? "EXPIRED" : "FREE";
}

function release(draft: Draft, reservation: Reservation, request: Request, { now }: Clock): void {
  const { reservationId, amountMicros, context } = reservation;
  returnHolds(draft, reservation.holds, now);
  draft.record({ kind: "RELEASE", effectiveTime: now, reservationId, amountMicros, context }, request, now);
}
