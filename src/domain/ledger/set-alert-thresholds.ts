import { thresholdsText } from "../alerts/threshold.ts";
import type { Request, SetAlertThresholds } from "./command.ts";
import { accepted, type Clock, type Decision } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";

/**
 * Records new thresholds, in place of all there were: a transaction that moves no
 * credits (R-HIST-2). What they alert about is judged after it, as after any other. Never refused.
 */
export function setAlertThresholds(
  ledger: LedgerView,
  request: Request<SetAlertThresholds>,
  { now }: Clock,
): Decision {
  const draft = new Draft(ledger);
  const reference = thresholdsText(request.command.thresholds);
  draft.record({ kind: "ALERT_THRESHOLDS", effectiveTime: now, amountMicros: 0n, reference }, request, now);
  return accepted(draft);
}
