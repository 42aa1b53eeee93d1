import type { Lot } from "./naive-credits.ts";
import { type NaiveLedger, type NaiveOutcome, WEEK } from "./naive-ledger.ts";
import type { NaiveReservation } from "./naive-reservation.ts";

/** R-HOLD-12, from its text. */
export function refund(
  ledger: NaiveLedger,
  reservation: NaiveReservation,
  amount: number | undefined,
  request: string,
): NaiveOutcome {
  if (reservation.state !== "SETTLED") return "RESERVATION_NOT_SETTLED";
  const { charged, refunded, debt, debtVersion } = reservation;
  const size = amount ?? charged - refunded;
  if (size === 0 || size > charged - refunded) return "REFUND_EXCEEDS_CHARGE";
  const { credits, subscription, now } = ledger;
  const ofDebt = Math.min(size, Math.max(0, debt - refunded));
  const owed = credits.debts.find(({ version }) => version === debtVersion);
  const paidSince = ofDebt - credits.lower(owed, ofDebt);
  const late = refundPayments(ledger, reservation, size - ofDebt);
  const cycleEnds = subscription?.live ? subscription.ends : 0;
  promote(ledger, paidSince, Number.POSITIVE_INFINITY, `refund:${request}/debt`);
  promote(ledger, late, Math.max(cycleEnds, now + WEEK), `refund:${request}`);
  reservation.refunded += size;
  credits.pay();
  return ledger.changed();
}

function promote(ledger: NaiveLedger, size: number, expires: number, wanted: string): void {
  if (size === 0) return;
  const reference = ledger.unused(wanted);
  ledger.credits.add({ kind: "PROMOTIONAL", size, expires, reference, made: ledger.now });
}

/** The last payment first; returns what can't go back because its lot has expired. */
function refundPayments(ledger: NaiveLedger, reservation: NaiveReservation, size: number): number {
  let left = size;
  let late = 0;
  while (left > 0) {
    const payment = reservation.paid.at(-1);
    if (!payment) throw new Error("a refund of more than was paid");
    const part = Math.min(left, payment.size);
    payment.size -= part;
    left -= part;
    if (payment.size === 0) reservation.paid.pop();
    if (refundPayment(ledger, payment.lot, part, reservation.number) === "expired") late += part;
  }
  return late;
}

function refundPayment({ credits, now }: NaiveLedger, lot: Lot, size: number, holder: number) {
  if (lot.voided) {
    let left = size;
    while (left > 0 && credits.debts.length > 0) {
      const lowered = credits.lower(credits.debts[0], left);
      credits.move(lot, lowered, ["spent", holder], ["spent"]);
      left -= lowered;
    }
    credits.move(lot, left, ["spent", holder], ["void"]);
    return "void";
  }
  const place = lot.expires > now ? "free" : "expired";
  credits.move(lot, size, ["spent", holder], [place]);
  return place;
}
