import { type Command, isSubscriptionCommand, type Request } from "../domain/ledger/command.ts";
import { changeReference, refundReferences } from "../domain/ledger/reference.ts";
import type { Key, Named } from "../storage/named.ts";

/** What requests name, so that it is at hand when they are decided. */
export function namedBy(requests: readonly Request[]): Named {
  const named = {
    requests: requests.map(({ organizationId, requestId }): Key => [organizationId, requestId]),
    reservations: [] as Key[],
    runs: [] as Key[],
    grants: [] as Key[],
    references: [] as Key[],
    refunds: [] as Key[],
    alerting: requests.flatMap(({ organizationId, command }) =>
      command.kind === "setAlertThresholds" ? organizationId : [],
    ),
    voiding: requests.flatMap(({ organizationId, command }) =>
      command.kind === "suspendSubscription" && command.voidCycle ? organizationId : [],
    ),
    prefixes: requests.flatMap(ownReferences),
    subscribers: requests
      .filter(({ command }) => isSubscriptionCommand(command))
      .map(({ organizationId }) => organizationId),
    catalogue: requests.some(({ command }) => goesByCatalogue(command)),
  };
  for (const { organizationId, command } of requests) {
    if ("reservationId" in command) named.reservations.push([organizationId, command.reservationId]);
    if ("runId" in command) named.runs.push([organizationId, command.runId]);
    if ("grantId" in command) named.grants.push([organizationId, command.grantId]);
    if ("reference" in command && command.reference !== undefined)
      named.references.push([organizationId, command.reference]);
    if (command.kind === "refundReservation") named.refunds.push([organizationId, command.reservationId]);
  }
  // All that a run ever reserved is looked through: once is enough.
  return { ...named, runs: distinct(named.runs) };
}

function distinct(keys: readonly Key[]): readonly Key[] {
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}

/** How the references begin of the grants that a request would make by itself; a caller may have used them. */
function ownReferences({ organizationId, requestId, command }: Request): readonly Key[] {
  if (command.kind === "changePlan") return [[organizationId, changeReference(requestId)]];
  if (command.kind !== "refundReservation") return [];
  return refundReferences(requestId).map((reference): Key => [organizationId, reference]);
}

function goesByCatalogue(command: Command): boolean {
  return isSubscriptionCommand(command) || command.kind === "purchaseCredits";
}
