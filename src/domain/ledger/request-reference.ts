import type { Time } from "../time.ts";
import { isSubscriptionCommand, type Request, referenceOf, type SubscriptionCommand } from "./command.ts";
import { accepted, type Decision, refused, unchanged } from "./decision.ts";
import { Draft } from "./draft.ts";
import type { LedgerView } from "./ledger.ts";
import type { Subject } from "./transaction.ts";

/**
 * R-GRANT-4: in one organization a reference acts once, whatever the request id.
 * The same again changes nothing, anything else is refused, before any rule over
 * the current state; undefined where nothing was done under it, or where it made a
 * grant and the command is about one too, for that to be compared.
 *
 * Refusals: REFERENCE_REUSED.
 */
export function decideByReference(
  ledger: LedgerView,
  { command, fingerprint }: Request,
): Decision | undefined {
  const reference = referenceOf(command);
  if (reference === undefined) return undefined;
  const first = ledger.requestReferences.get(reference);
  if (first?.fingerprint === fingerprint) return unchanged(first.versions);
  if (first) return refused({ reason: "REFERENCE_REUSED", reference, first });
  const grant = ledger.grants.get(ledger.references.get(reference) ?? "");
  return grant && isSubscriptionCommand(command) ? refused({ reason: "REFERENCE_REUSED", grant }) : undefined;
}

/** Closes a draft by a change of the subscription, with the reference that it was asked for under. */
export function recordRequest(
  draft: Draft,
  subject: Subject,
  request: Request<SubscriptionCommand>,
  now: Time,
): Decision {
  const { reference } = request.command;
  draft.record(reference === undefined ? subject : { ...subject, requestReference: reference }, request, now);
  return accepted(draft);
}

/**
 * What to do where things are already as asked for, by these changes: nothing. But
 * a reference is remembered, so that a late copy does nothing either, once things
 * have changed since.
 */
export function recordNothing(
  ledger: LedgerView,
  {
    kind,
    versions,
    reason,
  }: Readonly<{ kind: Subject["kind"]; versions: readonly bigint[]; reason?: string }>,
  request: Request<SubscriptionCommand>,
  now: Time,
): Decision {
  const { subscription } = ledger;
  if (request.command.reference === undefined || !subscription) return unchanged(versions);
  const draft = new Draft(ledger);
  const subscriptionAfter = { ...subscription, version: draft.version };
  draft.putSubscription(subscriptionAfter);
  const subject = { kind, effectiveTime: now, amountMicros: 0n, subscriptionAfter };
  return recordRequest(
    draft,
    reason === undefined ? subject : { ...subject, reference: reason },
    request,
    now,
  );
}
