import type { Changes } from "../domain/ledger/ledger.ts";
import type { OwnedDebt } from "./debt-rows.ts";
import type { OwnedGrant } from "./grant-rows.ts";
import type { OwnedReservation } from "./reservation-rows.ts";
import type { OwnedSubscription } from "./subscription-rows.ts";

/** What a batch changed, each row once and as its last change left it. */
export type DecidedRows = Readonly<{
  grants: readonly OwnedGrant[];
  debts: readonly OwnedDebt[];
  reservations: readonly OwnedReservation[];
  subscriptions: readonly OwnedSubscription[];
}>;

export function gatherDecided(decided: readonly Changes[]): DecidedRows {
  const grants = new Map<string, OwnedGrant>();
  const debts = new Map<string, OwnedDebt>();
  const reservations = new Map<string, OwnedReservation>();
  const subscriptions = new Map<string, OwnedSubscription>();
  for (const { account, subscription, ...changes } of decided) {
    const { organizationId } = account;
    for (const [id, grant] of changes.grants)
      grants.set(`${id} ${organizationId}`, { organizationId, grant });
    for (const [version, debt] of changes.debts)
      debts.set(`${version} ${organizationId}`, { organizationId, debt });
    for (const [id, reservation] of changes.reservations)
      reservations.set(`${id} ${organizationId}`, { organizationId, reservation });
    if (subscription) subscriptions.set(organizationId, { organizationId, subscription });
  }
  return {
    grants: [...grants.values()],
    debts: [...debts.values()],
    reservations: [...reservations.values()],
    subscriptions: [...subscriptions.values()],
  };
}
