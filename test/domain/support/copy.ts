import type { Request } from "../../../src/domain/ledger/command.ts";
import { isOpen } from "../../../src/domain/ledger/grant.ts";
import { Ledger } from "../../../src/domain/ledger/ledger.ts";
import type { Reservation } from "../../../src/domain/ledger/reservation.ts";
import type { Time } from "../../../src/domain/time.ts";

/** The same ledger again, to go another way with. */
export function copyOf(ledger: Ledger): Ledger {
  const copy = new Ledger(ledger.account);
  for (const grant of ledger.grants.values()) copy.putGrant(grant);
  for (const debt of ledger.debts.values()) copy.putDebt(debt);
  for (const [id, reservation] of ledger.reservations) copy.reservations.set(id, reservation);
  for (const [id, first] of ledger.requests) copy.requests.set(id, first);
  return copy;
}

/**
 * The part of a ledger that storage puts at hand: what is open, what is due, and
 * what the request names; in another order than it was made in.
 */
export function narrowed(ledger: Ledger, request: Request | undefined, now: Time): Ledger {
  const part = new Ledger(ledger.account);
  const command = request?.command;
  const grants = [...ledger.grants.values()].toReversed();
  for (const grant of grants) {
    const named =
      (command?.kind === "voidGrant" && command.grantId === grant.grantId) ||
      (command?.kind === "createGrant" && command.reference === grant.reference);
    if (named || isOpen(grant)) part.putGrant(grant);
  }
  for (const debt of [...ledger.debts.values()].toReversed()) part.putDebt(debt);
  for (const reservation of [...ledger.reservations.values()].toReversed()) {
    if (isAtHand(reservation, request, now)) part.reservations.set(reservation.reservationId, reservation);
  }
  const first = request && ledger.requests.get(request.requestId);
  if (first) part.requests.set(request.requestId, first);
  return part;
}

function isAtHand(reservation: Reservation, request: Request | undefined, now: Time): boolean {
  const { reservationId, state, expireTime, context } = reservation;
  if (request === undefined) return state === "HELD" && expireTime <= now;
  const { command } = request;
  if (command.kind === "releaseRun") return state === "HELD" && context.runId === command.runId;
  return "reservationId" in command && command.reservationId === reservationId;
}
