import { TOTAL_MICROS_MAX } from "../amount.ts";
import type { Request, VoidGrant } from "./command.ts";
import { accepted, type Clock, type Decision, refused } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";

/**
 * R-GRANT-5: takes back what is free. What was spent becomes debt only if asked;
 * the choice stays on the grant for what is held of it.
 *
 * Refusals: GRANT_NOT_FOUND, GRANT_VOIDED, BALANCE_LIMIT_EXCEEDED (the debt).
 */
export function voidGrant(ledger: LedgerView, request: Request<VoidGrant>, { now }: Clock): Decision {
  const { grantId, spentBecomesDebt, reason } = request.command;
  const grant = ledger.grants.get(grantId);
  if (!grant) {
    return refused({ reason: "GRANT_NOT_FOUND", organizationId: ledger.account.organizationId, grantId });
  }
  if (grant.voided) return refused({ reason: "GRANT_VOIDED", grant });
  const draft = new Draft(ledger);
  const debtMicros = spentBecomesDebt ? grant.consumedMicros : 0n;
  if (draft.exceedsDebtLimit(debtMicros)) {
    const totalMicros = draft.balance.debtMicros + debtMicros;
    return refused({ reason: "BALANCE_LIMIT_EXCEEDED", totalMicros, limitMicros: TOTAL_MICROS_MAX });
  }
  const amountMicros = grant.freeMicros;
  draft.putGrant({ ...grant, voided: true, spentBecomesDebt });
  draft.move({ grantId, from: "FREE", to: "VOIDED", amountMicros, debtVersion: undefined });
  draft.incurDebt(debtMicros, "VOIDED");
  draft.payDebts();
  const subject = {
    kind: "GRANT_VOID",
    effectiveTime: now,
    grantId,
    amountMicros,
    spentBecomesDebt,
  } as const;
  draft.record({ ...subject, reference: reason }, request, now);
  return accepted(draft);
}
