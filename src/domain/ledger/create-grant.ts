import { TOTAL_MICROS_MAX } from "../amount.ts";
import { totalMicros } from "./account.ts";
import type { CreateGrant, Request } from "./command.ts";
import { accepted, type Clock, type Decision, refused, unchanged } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";
import type { Subject } from "./transaction.ts";

/**
 * R-GRANT-1, R-GRANT-4: the same reference with the same kind and amount gives the
 * earlier grant back. The first grant opens the organization (R-BAL-6).
 *
 * Refusals: REFERENCE_REUSED, EXPIRE_TIME_PASSED, BALANCE_LIMIT_EXCEEDED.
 */
export function createGrant(
  ledger: LedgerView,
  request: Request<CreateGrant>,
  { now, newId }: Clock,
): Decision {
  const { command } = request;
  const earlier = ledger.grants.get(ledger.references.get(command.reference) ?? "");
  if (earlier) {
    const same = earlier.kind === command.grantKind && earlier.amountMicros === command.amountMicros;
    return same ? unchanged([earlier.version]) : refused({ reason: "REFERENCE_REUSED", grant: earlier });
  }
  const { expireTime } = command;
  if (expireTime !== undefined && expireTime <= now)
    return refused({ reason: "EXPIRE_TIME_PASSED", expireTime, now });
  const draft = new Draft(ledger);
  const total = totalMicros(draft.balance) + command.amountMicros;
  if (total > TOTAL_MICROS_MAX) {
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros: total, limitMicros: TOTAL_MICROS_MAX });
  }
  const { grantKind, amountMicros, reference } = command;
  const grantId = newId();
  const subject: Subject = {
    kind: "GRANT",
    effectiveTime: now,
    grantId,
    grantKind,
    amountMicros,
    reference,
    ...(expireTime === undefined ? {} : { expireTime }),
  };
  draft.openGrant({ grantId, kind: grantKind, amountMicros, expireTime, reference }, now);
  draft.move({ grantId, from: "OUTSIDE", to: "FREE", amountMicros, debtVersion: undefined });
  draft.payDebts();
  draft.record(subject, request, now);
  return accepted(draft);
}
