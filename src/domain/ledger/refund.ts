import { minMicros, TOTAL_MICROS_MAX } from "../amount.ts";
import { DAY, laterOf, type Time } from "../time.ts";
import { totalMicros } from "./account.ts";
import type { RefundReservation, Request } from "./command.ts";
import { grantInto } from "./cycle.ts";
import { owedMicros } from "./debt.ts";
import { accepted, type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import { type GrantShare, isExpired, type MadeGrant } from "./grant.ts";
import type { LedgerView } from "./ledger.ts";
import { refundReferences, unusedReference } from "./reference.ts";
import type { Reservation } from "./reservation.ts";

/** What comes back for an expired grant lasts so long at least. */
const GOODWILL_TIME = 7n * DAY;

/**
 * R-HOLD-12: undoes a charge, the last payment first. Debt is its last part: what
 * is still owed of it is lowered, what was paid since comes back as credits that
 * never expire. Several refunds go on where the one before ended.
 *
 * Refusals: RESERVATION_NOT_FOUND, RESERVATION_NOT_SETTLED, REFUND_EXCEEDS_CHARGE,
 * BALANCE_LIMIT_EXCEEDED.
 */
export function refundReservation(
  ledger: LedgerView,
  request: Request<RefundReservation>,
  clock: Clock,
): Decision {
  const { reservationId, reason: reference } = request.command;
  const { organizationId } = ledger.account;
  const reservation = ledger.reservations.get(reservationId);
  if (!reservation) return refused({ reason: "RESERVATION_NOT_FOUND", organizationId, reservationId });
  if (reservation.settledMicros === undefined)
    return refused({ reason: "RESERVATION_NOT_SETTLED", reservation });
  const refundableMicros = reservation.settledMicros - reservation.refundedMicros;
  const { amountMicros = refundableMicros } = request.command;
  if (amountMicros > refundableMicros || amountMicros === 0n)
    return refused({ reason: "REFUND_EXCEEDS_CHARGE", reservation, refundableMicros });
  const draft = new Draft(ledger);
  const total = totalMicros(draft.balance) + amountMicros;
  if (total > TOTAL_MICROS_MAX)
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX });
  const made = undo(ledger, draft, reservation, amountMicros, request, clock);
  draft.payDebts();
  const { context } = reservation;
  const subject = { kind: "REFUND", effectiveTime: clock.now, reservationId, amountMicros, context } as const;
  draft.record({ ...subject, reference, made }, request, clock.now);
  return accepted(draft);
}

/** Moves back so much of a charge; returns the grants that were made for what can't go back. */
function undo(
  ledger: LedgerView,
  draft: Draft,
  reservation: Reservation,
  amountMicros: bigint,
  { requestId }: Request,
  { now, newId }: Clock,
): readonly MadeGrant[] {
  const debtLeft = reservation.debtMicros - minMicros(reservation.debtMicros, reservation.refundedMicros);
  const ofDebt = minMicros(amountMicros, debtLeft);
  const paidMicros = ofDebt - lowerOwnDebt(draft, reservation, ofDebt);
  draft.move({
    grantId: undefined,
    from: "CONSUMED",
    to: "VOIDED",
    amountMicros: paidMicros,
    debtVersion: undefined,
  });
  const expiredMicros = giveBack(draft, sharesLeft(reservation, amountMicros - ofDebt), now);
  const [forExpired, forDebt] = refundReferences(requestId);
  const promotions = [
    { amountMicros: paidMicros, expireTime: undefined, wanted: forDebt },
    { amountMicros: expiredMicros, expireTime: goodwillEnd(ledger, now), wanted: forExpired },
  ].filter((promotion) => promotion.amountMicros > 0n);
  return promotions.map(({ wanted, ...promotion }) => {
    const reference = unusedReference(ledger, draft, wanted);
    return grantInto(draft, { grantId: newId(), kind: "PROMOTIONAL", ...promotion, reference }, now);
  });
}

/** Lowers what the charge itself still owes; returns by how much. */
function lowerOwnDebt(draft: Draft, { endVersion }: Reservation, mostMicros: bigint): bigint {
  const debt = draft.owedDebts().find(({ version }) => version === endVersion);
  if (!debt) return 0n;
  const amountMicros = minMicros(owedMicros(debt), mostMicros);
  draft.move({ grantId: undefined, from: "CONSUMED", to: "DEBT", amountMicros, debtVersion: debt.version });
  return amountMicros;
}

/** The shares of the grants that so much more comes from, the last payment first. */
function sharesLeft(
  { payments, debtMicros, refundedMicros }: Reservation,
  amountMicros: bigint,
): readonly GrantShare[] {
  let refunded = refundedMicros - minMicros(debtMicros, refundedMicros);
  let left = amountMicros;
  return payments.toReversed().flatMap((share) => {
    const before = minMicros(refunded, share.amountMicros);
    const now = minMicros(left, share.amountMicros - before);
    refunded -= before;
    left -= now;
    return now === 0n ? [] : [{ grantId: share.grantId, amountMicros: now }];
  });
}

/** Gives shares back to their grants; returns what expired because its grant had. */
function giveBack(draft: Draft, shares: readonly GrantShare[], now: Time): bigint {
  let expiredMicros = 0n;
  for (const { grantId, amountMicros } of shares) {
    const grant = draft.grant(grantId);
    if (grant.voided) giveToVoided(draft, grantId, amountMicros);
    else {
      const to = isExpired(grant, now) ? "EXPIRED" : "FREE";
      draft.move({ grantId, from: "CONSUMED", to, amountMicros, debtVersion: undefined });
      if (to === "EXPIRED") expiredMicros += amountMicros;
    }
  }
  return expiredMicros;
}

/** The share of a voided grant lowers debt, the oldest first; the rest of it is voided. */
function giveToVoided(draft: Draft, grantId: string, amountMicros: bigint): void {
  let left = amountMicros;
  for (const debt of draft.owedDebts()) {
    const paid = minMicros(owedMicros(debt), left);
    draft.move({ grantId, from: "CONSUMED", to: "DEBT", amountMicros: paid, debtVersion: debt.version });
    left -= paid;
  }
  draft.move({ grantId, from: "CONSUMED", to: "VOIDED", amountMicros: left, debtVersion: undefined });
}

/** The later of the cycle's end and seven days. */
function goodwillEnd({ account }: LedgerView, now: Time): Time {
  return laterOf(account.cycle?.endTime ?? now, now + GOODWILL_TIME);
}
