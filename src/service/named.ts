import type { Request } from "../domain/ledger/command.ts";
import type { Named } from "../storage/ledger-unit.ts";

/** What requests name, so that it is at hand when they are decided. */
export function namedBy(requests: readonly Request[]): Named {
  const named = {
    requests: requests.map(({ organizationId, requestId }) => [organizationId, requestId] as const),
    reservations: [] as [string, string][],
    runs: [] as [string, string][],
    grants: [] as [string, string][],
    references: [] as [string, string][],
  };
  for (const { organizationId, command } of requests) {
    if ("reservationId" in command) named.reservations.push([organizationId, command.reservationId]);
    if ("runId" in command) named.runs.push([organizationId, command.runId]);
    if ("grantId" in command) named.grants.push([organizationId, command.grantId]);
    if ("reference" in command) named.references.push([organizationId, command.reference]);
  }
  return named;
}
