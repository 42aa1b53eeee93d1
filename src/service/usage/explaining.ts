import { type Explanation, explain } from "../../domain/explanation/explanation.ts";
import type { SealedTransaction } from "../../domain/ledger/transaction.ts";
import type { LedgerReader } from "../../storage/ledger-reader.ts";
import type { RateCardShelf } from "../pricing/rate-card-shelf.ts";

/** Of a reservation's changes so many are told: it may be refunded microcredit by microcredit. */
const CHANGES_MAX = 1_000;

/** Gathers what a transaction came from, at one moment, and explains it; undefined where there is no such one. */
export async function explainTransaction(
  reader: LedgerReader,
  shelf: RateCardShelf,
  organizationId: string,
  version: bigint,
): Promise<Explanation<SealedTransaction> | undefined> {
  const evidence = await reader.atOnce(async (snapshot) => {
    const [first, second] = await snapshot.transactions(organizationId, [version - 1n, version]);
    const transaction = first?.version === version ? first : second;
    if (transaction === undefined) return undefined;
    const { reservationId, movements } = transaction;
    const named = reservationId === undefined ? [] : [reservationId];
    const [reservation] = await snapshot.reservations(organizationId, named);
    const changes = toldChanges(reservation?.versions ?? [], version);
    const grantIds = new Set(movements.flatMap(({ grantId }) => grantId ?? []));
    const grants = await snapshot.grants(organizationId, [...grantIds]);
    return {
      transaction,
      before: first?.version === version ? undefined : first,
      grants: new Map(grants.map((grant) => [grant.grantId, grant])),
      holdHistory: await snapshot.transactions(organizationId, changes),
    };
  });
  if (evidence === undefined) return undefined;
  const { pricing } = evidence.transaction;
  const card = pricing === undefined ? undefined : await shelf.card(pricing.rateCardVersion);
  return explain({ ...evidence, card });
}

/** The first ones, and always the one that is explained. */
function toldChanges(versions: readonly bigint[], version: bigint): readonly bigint[] {
  const first = versions.slice(0, CHANGES_MAX);
  return first.includes(version) || !versions.includes(version) ? first : [...first.slice(0, -1), version];
}
