import { minMicros, TOTAL_MICROS_MAX } from "../amount.ts";
import type { ChargeCredits, Request, SettleReservation } from "./command.ts";
import { type Cost, costOfCharge, costOfSettle } from "./cost.ts";
import { accepted, type Clock, type Decision, refused, unchanged } from "./decision.ts";
import { Draft } from "./draft.ts";
import { compareSpendOrder, type GrantShare } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { returnHolds } from "./release.ts";
import { endVersions, type Reservation } from "./reservation.ts";
import { covers, insufficient } from "./reserve.ts";

/**
 * R-HOLD-3, R-HOLD-4: consumes the hold in spend order and returns the rest; what
 * the hold does not cover is taken from what is available, and what is still
 * missing becomes debt. After expiry the hold is empty and the settle is late (R-HOLD-8).
 *
 * Refusals: RESERVATION_NOT_FOUND, RESERVATION_SETTLED (with another amount),
 * RESERVATION_RELEASED, those of `costOfSettle`, BALANCE_LIMIT_EXCEEDED (the debt).
 */
export function settleReservation(
  ledger: LedgerView,
  request: Request<SettleReservation>,
  clock: Clock,
): Decision {
  const { reservationId } = request.command;
  const { organizationId } = ledger.account;
  const reservation = ledger.reservations.get(reservationId);
  if (!reservation) return refused({ reason: "RESERVATION_NOT_FOUND", organizationId, reservationId });
  if (reservation.state === "RELEASED") return refused({ reason: "RESERVATION_RELEASED", reservation });
  const cost = costOfSettle(request.command, reservation, clock);
  if (reservation.state === "SETTLED") {
    if ("refusal" in cost || reservation.settledMicros !== cost.amountMicros)
      return refused({ reason: "RESERVATION_SETTLED", reservation });
    return unchanged(endVersions(reservation));
  }
  if ("refusal" in cost) return refused(cost.refusal);
  return settle(new Draft(ledger), { reservation, ...cost }, request, clock);
}

function settle(
  draft: Draft,
  { reservation, amountMicros, pricing }: Cost & Readonly<{ reservation: Reservation }>,
  request: Request,
  { now }: Clock,
): Decision {
  const { reservationId, context } = reservation;
  const late = reservation.state === "EXPIRED";
  const holds = late ? [] : inSpendOrder(draft, reservation.holds);
  const { consumed, returned } = split(holds, amountMicros);
  const debtMicros = consumeHolds(draft, consumed);
  const missing = consumeFree(draft, amountMicros - sum(consumed));
  if (draft.exceedsDebtLimit(debtMicros + missing)) return debtLimitExceeded(draft, debtMicros + missing);
  draft.incurDebt(missing, "CONSUMED");
  draft.incurDebt(debtMicros, "VOIDED");
  returnHolds(draft, returned, now);
  const subject = { kind: "SETTLE", effectiveTime: now, reservationId, amountMicros, late, context } as const;
  draft.record({ ...subject, ...(pricing ? { pricing } : {}) }, request, now);
  return accepted(draft);
}

/**
 * R-HOLD-11: a reservation that is settled at once, so that it can be listed and
 * refunded like any other.
 *
 * Refusals: those of `costOfCharge`, INSUFFICIENT_CREDITS (unless debt is allowed), BALANCE_LIMIT_EXCEEDED (the debt).
 */
export function chargeCredits(ledger: LedgerView, request: Request<ChargeCredits>, clock: Clock): Decision {
  const { context, allowDebt } = request.command;
  const cost = costOfCharge(request.command, clock);
  if ("refusal" in cost) return refused(cost.refusal);
  const { amountMicros, pricing } = cost;
  const draft = new Draft(ledger);
  if (!allowDebt && !covers(draft, amountMicros)) return insufficient(draft, amountMicros, undefined);
  const missing = consumeFree(draft, amountMicros);
  if (draft.exceedsDebtLimit(missing)) return debtLimitExceeded(draft, missing);
  draft.incurDebt(missing, "CONSUMED");
  const subject = { kind: "CHARGE", effectiveTime: clock.now, reservationId: clock.newId() } as const;
  draft.record({ ...subject, amountMicros, context, ...(pricing ? { pricing } : {}) }, request, clock.now);
  return accepted(draft);
}

/** Consumes held shares; returns what becomes debt because its grant was voided so (R-GRANT-5). */
function consumeHolds(draft: Draft, consumed: readonly GrantShare[]): bigint {
  let debtMicros = 0n;
  for (const { grantId, amountMicros } of consumed) {
    draft.move({ grantId, from: "HELD", to: "CONSUMED", amountMicros, debtVersion: undefined });
    if (draft.grant(grantId).spentBecomesDebt) debtMicros += amountMicros;
  }
  return debtMicros;
}

/** Consumes from what is free, in spend order; returns what is missing. */
function consumeFree(draft: Draft, amountMicros: bigint): bigint {
  return amountMicros - draft.takeFree(amountMicros, "CONSUMED");
}

/** The first so many microcredits of the holds are consumed, the others returned. */
function split(holds: readonly GrantShare[], amountMicros: bigint) {
  const consumed: GrantShare[] = [];
  const returned: GrantShare[] = [];
  let left = amountMicros;
  for (const { grantId, amountMicros: heldMicros } of holds) {
    const part = minMicros(heldMicros, left);
    left -= part;
    if (part > 0n) consumed.push({ grantId, amountMicros: part });
    if (part < heldMicros) returned.push({ grantId, amountMicros: heldMicros - part });
  }
  return { consumed, returned };
}

/** An extension may have held a grant that is spent before those held first. */
function inSpendOrder(draft: Draft, holds: Reservation["holds"]): readonly GrantShare[] {
  if (holds.length < 2) return holds;
  return holds.toSorted((left, right) =>
    compareSpendOrder(draft.grant(left.grantId), draft.grant(right.grantId)),
  );
}

function debtLimitExceeded(draft: Draft, moreMicros: bigint): Decision {
  const totalMicros = draft.balance.debtMicros + moreMicros;
  return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros, limitMicros: TOTAL_MICROS_MAX });
}

function sum(shares: readonly GrantShare[]): bigint {
  return shares.reduce((total, share) => total + share.amountMicros, 0n);
}
