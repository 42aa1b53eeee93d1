import type { Request } from "../domain/ledger/command.ts";
import { refundReferences } from "../domain/ledger/reference.ts";
import type { Named } from "../storage/ledger-unit.ts";

/** What requests name, so that it is at hand when they are decided. */
export function namedBy(requests: readonly Request[]): Named {
  const named = {
    requests: requests.map(({ organizationId, requestId }) => [organizationId, requestId] as const),
    reservations: [] as [string, string][],
    runs: [] as [string, string][],
    grants: [] as [string, string][],
    references: [] as [string, string][],
    refunds: [] as [string, string][],
    alerting: requests.flatMap(({ organizationId, command }) =>
      command.kind === "setAlertThresholds" ? organizationId : [],
    ),
  };
  for (const { organizationId, requestId, command } of requests) {
    if ("reservationId" in command) named.reservations.push([organizationId, command.reservationId]);
    if ("runId" in command) named.runs.push([organizationId, command.runId]);
    if ("grantId" in command) named.grants.push([organizationId, command.grantId]);
    if ("reference" in command) named.references.push([organizationId, command.reference]);
    if (command.kind === "refundReservation") {
      named.refunds.push([organizationId, command.reservationId]);
      // A caller may have used a reference that the refund's own grants would have.
      for (const reference of refundReferences(requestId)) named.references.push([organizationId, reference]);
    }
  }
  return named;
}
