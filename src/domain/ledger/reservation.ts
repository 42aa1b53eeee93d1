import { invariant } from "../invariant.ts";
import { DAY, MINUTE, SECOND, type Time } from "../time.ts";
import type { GrantShare } from "./grant.ts";
import type { Pricing } from "./model-call.ts";
import { NO_CONTEXT, type SpendContext } from "./spend-context.ts";
import type { Movement, Transaction, TransactionKind } from "./transaction.ts";

export type ReservationState = "HELD" | "EXPIRED" | "SETTLED" | "RELEASED";

/** Credits set aside for one piece of work, and what became of them. */
export type Reservation = Readonly<{
  reservationId: string;
  state: ReservationState;
  /** What was held in all, extensions included. */
  amountMicros: bigint;
  /** Which grants are held, or were until it ended, in the order of taking. */
  holds: readonly GrantShare[];
  settledMicros: bigint | undefined;
  /** Which grants paid, in the order of payment. */
  payments: readonly GrantShare[];
  debtMicros: bigint;
  refundedMicros: bigint;
  late: boolean;
  createTime: Time;
  expireTime: Time;
  endTime: Time | undefined;
  /** The change that ended it: its SETTLE, CHARGE or RELEASE. */
  endVersion: bigint | undefined;
  context: SpendContext;
  /** What its hold was computed from, if it was: settling by usage prices by the same card (R-PRICE-4). */
  pricing?: Pricing;
  /** The changes that it went through, first to last. */
  versions: readonly bigint[];
}>;

/** R-HOLD-7. */
export const TIME_TO_LIVE_DEFAULT = 15n * MINUTE;
export const TIME_TO_LIVE_MIN = SECOND;
export const TIME_TO_LIVE_MAX = 7n * DAY;

/** In which state a reservation is before a change of each kind; NONE is before its first. */
const BEFORE: Readonly<Partial<Record<TransactionKind, readonly (ReservationState | "NONE")[]>>> = {
  RESERVE: ["NONE"],
  CHARGE: ["NONE"],
  EXTEND: ["HELD"],
  SETTLE: ["HELD", "EXPIRED"],
  RELEASE: ["HELD"],
  HOLD_EXPIRY: ["HELD"],
  REFUND: ["SETTLED"],
};

/** The reservation after one of its changes; it begins with a RESERVE or a CHARGE. */
export function applyToReservation(before: Reservation | undefined, change: Transaction): Reservation {
  const state = before?.state ?? "NONE";
  invariant(
    BEFORE[change.kind]?.includes(state) ?? false,
    `R-HOLD-9: ${change.kind} of a reservation: ${state}`,
  );
  const reservation = before ?? newReservation(change);
  const versions = [...reservation.versions, change.version];
  switch (change.kind) {
    case "RESERVE":
    case "EXTEND":
      return {
        ...reservation,
        versions,
        amountMicros: reservation.amountMicros + change.amountMicros,
        expireTime: change.expireTime ?? reservation.expireTime,
        holds: addShares(reservation.holds, sharesOf(change.movements, "FREE", "HELD")),
      };
    case "CHARGE":
    case "SETTLE":
      assertEmptied(reservation, change);
      return { ...reservation, versions, ...charged(change) };
    case "RELEASE":
      assertEmptied(reservation, change);
      return { ...reservation, versions, state: "RELEASED", ...ended(change) };
    case "HOLD_EXPIRY":
      invariant(change.effectiveTime === reservation.expireTime, "R-HOLD-7: a hold that did not end on time");
      assertEmptied(reservation, change);
      return { ...reservation, versions, state: "EXPIRED" };
    case "REFUND":
      return { ...reservation, versions, refundedMicros: refundedAfter(reservation, change) };
    default:
      invariant(false, `${change.kind} does not change a reservation`);
  }
}

/** R-HOLD-12: never more than was charged. */
function refundedAfter({ refundedMicros, settledMicros = 0n }: Reservation, change: Transaction): bigint {
  const refunded = refundedMicros + change.amountMicros;
  invariant(refunded <= settledMicros, `R-HOLD-12: ${refunded} micros refunded of ${settledMicros}`);
  return refunded;
}

/** The change that made it. */
export function firstVersionOf(reservation: Reservation): bigint {
  return reservation.versions[0] ?? 0n;
}

/** The change that led to its present state. */
export function versionOf(reservation: Reservation): bigint {
  return reservation.versions.at(-1) ?? 0n;
}

/** The change that ended it, as a list for `unchanged`. */
export function endVersions({ endVersion }: Reservation): readonly bigint[] {
  return endVersion === undefined ? [] : [endVersion];
}

function newReservation(change: Transaction): Reservation {
  invariant(change.reservationId !== undefined, `${change.kind} without a reservation id`);
  return {
    reservationId: change.reservationId,
    state: "HELD",
    amountMicros: 0n,
    holds: [],
    settledMicros: undefined,
    payments: [],
    debtMicros: 0n,
    refundedMicros: 0n,
    late: false,
    createTime: change.effectiveTime,
    expireTime: change.expireTime ?? change.effectiveTime,
    endTime: undefined,
    endVersion: undefined,
    context: change.context ?? NO_CONTEXT,
    ...(change.pricing ? { pricing: change.pricing } : {}),
    versions: [],
  };
}

function charged(
  change: Transaction,
): Pick<
  Reservation,
  "state" | "settledMicros" | "payments" | "debtMicros" | "late" | "endTime" | "endVersion"
> {
  const consumed = change.movements.filter((m) => m.to === "CONSUMED");
  return {
    state: "SETTLED",
    settledMicros: change.amountMicros,
    payments: paymentsOf(consumed),
    debtMicros: consumed.reduce((sum, m) => (m.from === "DEBT" ? sum + m.amountMicros : sum), 0n),
    late: change.late ?? false,
    ...ended(change),
  };
}

/** What ends a hold moves exactly what it holds, grant by grant (R-HOLD-5); after its expiry that is nothing. */
function assertEmptied(
  { reservationId, state, holds }: Reservation,
  { movements, late = false }: Transaction,
): void {
  const held = new Map(state === "HELD" ? holds.map((share) => [share.grantId, share.amountMicros]) : []);
  for (const { grantId, from, amountMicros } of movements) {
    if (from !== "HELD" || grantId === undefined) continue;
    held.set(grantId, (held.get(grantId) ?? 0n) - amountMicros);
  }
  const emptied = [...held.values()].every((left) => left === 0n);
  invariant(emptied, `R-HOLD-5: ${reservationId} does not give back what it holds`);
  invariant(late === (state === "EXPIRED"), `R-HOLD-8: ${reservationId} is late, or is not`);
}

function ended({ effectiveTime, version }: Transaction): Pick<Reservation, "endTime" | "endVersion"> {
  return { endTime: effectiveTime, endVersion: version };
}

function sharesOf(movements: readonly Movement[], from: string, to: string): readonly Movement[] {
  return movements.filter((m) => m.from === from && m.to === to);
}

/** In the order of payment, which refunds go back through: a grant may have paid before and after another (R-HOLD-12). */
function paymentsOf(consumed: readonly Movement[]): readonly GrantShare[] {
  const payments: GrantShare[] = [];
  for (const { grantId, amountMicros } of consumed) {
    const last = payments.at(-1);
    if (last?.grantId === grantId && last !== undefined) {
      payments[payments.length - 1] = { ...last, amountMicros: last.amountMicros + amountMicros };
    } else if (grantId !== undefined) payments.push({ grantId, amountMicros });
  }
  return payments;
}

/** Adds what movements took from grants to shares: one share a grant, in the order of first taking. */
function addShares(shares: readonly GrantShare[], movements: readonly Movement[]): readonly GrantShare[] {
  if (shares.length === 0 && movements.length === 1 && movements[0]?.grantId !== undefined) {
    const { grantId, amountMicros } = movements[0];
    return [{ grantId, amountMicros }];
  }
  const sums = new Map(shares.map((share) => [share.grantId, share.amountMicros]));
  for (const { grantId, amountMicros } of movements) {
    if (grantId !== undefined) sums.set(grantId, (sums.get(grantId) ?? 0n) + amountMicros);
  }
  return [...sums].map(([grantId, amountMicros]) => ({ grantId, amountMicros }));
}
