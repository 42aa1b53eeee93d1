import { invariant } from "../invariant.ts";
import { earlierOf, type Time } from "../time.ts";
import { boundaryOf, type Cycles, resetCycle } from "./cycle.ts";
import { Draft } from "./draft.ts";
import { type Grant, type GrantKind, isExpired, isOpen } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { returnHolds } from "./release.ts";
import type { Reservation } from "./reservation.ts";
import { SYSTEM_ACTOR, type Transaction } from "./transaction.ts";

const ORIGIN = { requestId: undefined, fingerprint: undefined, actor: SYSTEM_ACTOR } as const;

type Due = Readonly<{
  time: Time;
  rank: number;
  id: string;
  kind: GrantKind | undefined;
  happen: (draft: Draft, now: Time) => void;
}>;

/**
 * Records everything that is due by now, each change at its due time, ordered by
 * due time, then holds, grants, the cycle, then by id (R-BAL-5). `until` ends it
 * earlier: what falls due then or later waits for the next piece; so does what
 * comes after the most boundaries that one piece records.
 */
export function recordDue(ledger: LedgerView, now: Time, until: Time | undefined, cycles?: Cycles): Draft {
  const draft = new Draft(ledger);
  const holds = [...ledger.reservations.values()].filter((r) => r.state === "HELD" && r.expireTime <= now);
  const grants = [...ledger.grants.values()].filter((grant) => isOpen(grant) && isExpired(grant, now));
  const due = [...holds.map(holdExpiry), ...grants.map(grantExpiry)].sort(compareDue);
  const boundaries = new Boundaries(ledger, draft, now, cycles);
  for (const { time, kind, happen } of due) {
    if (until !== undefined && time >= until) break;
    if (!boundaries.passBefore(time)) return draft;
    // The subscription's own credits that expire at a boundary belong to its reset (R-PLAN-3).
    if (kind !== "SUBSCRIPTION" || boundaryOf(draft) !== time) happen(draft, now);
  }
  boundaries.passBefore(until ?? now + 1n);
  return draft;
}

/** The boundaries on the way, each a change that moves the next one. */
class Boundaries {
  readonly #ledger: LedgerView;
  readonly #draft: Draft;
  readonly #now: Time;
  readonly #cycles: Cycles | undefined;
  #passed = 0;

  constructor(ledger: LedgerView, draft: Draft, now: Time, cycles: Cycles | undefined) {
    this.#ledger = ledger;
    this.#draft = draft;
    this.#now = now;
    this.#cycles = cycles;
  }

  /** Records those before a time that are due; false where more are than one piece records. */
  passBefore(time: Time): boolean {
    for (;;) {
      const { subscription } = this.#draft;
      const boundary = boundaryOf(this.#draft);
      if (!subscription || boundary === undefined) return true;
      if (boundary >= time || boundary > this.#now) return true;
      invariant(this.#cycles !== undefined, "R-PLAN-3: a boundary is due, and no calendar is at hand");
      if (this.#passed >= this.#cycles.max) return false;
      resetCycle(this.#ledger, this.#draft, subscription, this.#cycles, this.#now);
      this.#passed += 1;
    }
  }
}

/**
 * When an open grant, a held reservation or the cycle at hand next falls due. By
 * now or earlier: boundaries are left for another piece.
 */
export function nextDueTime(ledger: LedgerView, now: Time): Time | undefined {
  let next = boundaryOf(ledger);
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
  return { time, rank: 0, id: reservationId, kind: undefined, happen };
}

/** R-GRANT-3: what is free when the time comes is gone; what is held may still be consumed. */
function grantExpiry({ grantId, kind, expireTime: time }: Grant): Due {
  invariant(time !== undefined, "a grant that never expires is due");
  const happen = (draft: Draft, now: Time): void => {
    const amountMicros = draft.grant(grantId).freeMicros;
    if (amountMicros === 0n) return;
    draft.move({ grantId, from: "FREE", to: "EXPIRED", amountMicros, debtVersion: undefined });
    draft.record({ kind: "GRANT_EXPIRY", effectiveTime: time, grantId, amountMicros }, ORIGIN, now);
  };
  return { time, rank: 1, id: grantId, kind, happen };
}

function compareDue(left: Due, right: Due): number {
  if (left.time !== right.time) return left.time < right.time ? -1 : 1;
  return left.rank - right.rank || (left.id < right.id ? -1 : 1);
}
