import type { Command, Request } from "../../../src/domain/ledger/command.ts";
import { type Grant, isOpen } from "../../../src/domain/ledger/grant.ts";
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
  for (const [reference, first] of ledger.requestReferences) copy.requestReferences.set(reference, first);
  copy.subscription = ledger.subscription;
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
    if (isOpen(grant) || isNamed(grant, command, ledger)) part.putGrant(grant);
    part.references.set(grant.reference, grant.grantId);
  }
  part.subscription = ledger.subscription;
  for (const debt of [...ledger.debts.values()].toReversed()) part.putDebt(debt);
  for (const reservation of [...ledger.reservations.values()].toReversed()) {
    if (isAtHand(reservation, request, now)) part.reservations.set(reservation.reservationId, reservation);
  }
  const first = request && ledger.requests.get(request.requestId);
  if (first) part.requests.set(request.requestId, first);
  const reference = command && "reference" in command ? (command.reference ?? "") : "";
  const referred = ledger.requestReferences.get(reference);
  if (referred) part.requestReferences.set(reference, referred);
  return part;
}

function isNamed(grant: Grant, command: Command | undefined, ledger: Ledger): boolean {
  if (command === undefined) return false;
  const { grantId, reference, kind, expireTime } = grant;
  if (command.kind === "suspendSubscription" && kind === "SUBSCRIPTION")
    return expireTime !== undefined && expireTime > ledger.account.updateTime;
  if (ledger.subscription?.suspendedGrantIds.includes(grantId)) return true;
  if ("grantId" in command && command.grantId === grantId) return true;
  if ("reference" in command && command.reference === reference) return true;
  const refunded = command.kind === "refundReservation" && ledger.reservations.get(command.reservationId);
  return refunded ? refunded.payments.some((share) => share.grantId === grantId) : false;
}

function isAtHand(reservation: Reservation, request: Request | undefined, now: Time): boolean {
  const { reservationId, state, expireTime, context } = reservation;
  if (request === undefined) return state === "HELD" && expireTime <= now;
  const { command } = request;
  if (command.kind === "releaseRun") return state === "HELD" && context.runId === command.runId;
  return "reservationId" in command && command.reservationId === reservationId;
}
