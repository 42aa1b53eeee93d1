import { invariant } from "../invariant.ts";
import { earlierOf, type Time } from "../time.ts";
import { Draft } from "./draft.ts";
import { type Grant, isExpired, isOpen } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { returnHolds } from "./release.ts";
import type { Reservation } from "./reservation.ts";
import { SYSTEM_ACTOR, type Transaction } from "./transaction.ts";

const ORIGIN = { requestId: undefined, fingerprint: undefined, actor: SYSTEM_ACTOR } as const;

type Due = Readonly<{ time: Time; rank: number; id: string; happen: (draft: Draft, now: Time) => void }>;

/**
 * Records everything that is due by now, each change at its due time, ordered by
 * due time, then holds before grants, then by id (R-BAL-5). `until` ends it
 * earlier: what falls due then or later waits for the next piece.
 */
export function recordDue(ledger: LedgerView, now: Time, until: Time | undefined): Draft {
  const draft = new Draft(ledger);
  const holds = [...ledger.reservations.values()].filter((r) => r.state === "HELD" && r.expireTime <= now);
  const grants = [...ledger.grants.values()].filter((grant) => isOpen(grant) && isExpired(grant, now));
  const due = [...holds.map(holdExpiry), ...grants.map(grantExpiry)].sort(compareDue);
  for (const { time, happen } of due) if (until === undefined || time < until) happen(draft, now);
  return draft;
}

/** When an open grant or a held reservation at hand next falls due. */
export function nextDueTime(ledger: LedgerView, now: Time): Time | undefined {
  let next: Time | undefined;
  for (const grant of ledger.grants.values()) {
    if (isOpen(grant) && !isExpired(grant, now)) next = earlierOf(next, grant.expireTime);
  }
  for (const { state, expireTime } of ledger.reservations.values()) {
    if (state === "HELD" && expireTime > now) next = earlierOf(next, expireTime);
  }
  return next;
}

/** R-HOLD-7: the time to live ran out, so the hold is returned. */
function holdExpiry(reservation: Reservation): Due {
  const { reservationId, amountMicros, expireTime: time, context } = reservation;
  const happen = (draft: Draft, now: Time): Transaction => {
    returnHolds(draft, reservation.holds, time);
    const subject = {
      kind: "HOLD_EXPIRY",
      effectiveTime: time,
      reservationId,
      amountMicros,
      context,
    } as const;
    return draft.record(subject, ORIGIN, now);
  };
  return { time, rank: 0, id: reservationId, happen };
}

/** R-GRANT-3: what is free when the time comes is gone; what is held may still be consumed. */
function grantExpiry({ grantId, expireTime: time }: Grant): Due {
  invariant(time !== undefined, "a grant that never expires is due");
  const happen = (draft: Draft, now: Time): void => {
    const amountMicros = draft.grant(grantId).freeMicros;
    if (amountMicros === 0n) return;
    draft.move({ grantId, from: "FREE", to: "EXPIRED", amountMicros, debtVersion: undefined });
    draft.record({ kind: "GRANT_EXPIRY", effectiveTime: time, grantId, amountMicros }, ORIGIN, now);
  };
  return { time, rank: 1, id: grantId, happen };
}

function compareDue(left: Due, right: Due): number {
  if (left.time !== right.time) return left.time < right.time ? -1 : 1;
  return left.rank - right.rank || (left.id < right.id ? -1 : 1);
}
