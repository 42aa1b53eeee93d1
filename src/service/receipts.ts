import type { Account } from "../domain/ledger/account.ts";
import { type Command, isSubscriptionCommand } from "../domain/ledger/command.ts";
import { bucketsOf, type Grant } from "../domain/ledger/grant.ts";
import type { Changes } from "../domain/ledger/ledger.ts";
import { applyToReservation, type Reservation } from "../domain/ledger/reservation.ts";
import type { SealedTransaction, Transaction } from "../domain/ledger/transaction.ts";
import { cycleOf } from "../domain/plans/subscription.ts";
import type { LedgerReader } from "../storage/ledger-reader.ts";
import type { Receipt, Standing } from "./receipt.ts";

/** The answer to a request whose changes were just committed. */
export function receiptOf(changes: Changes, transactions: readonly SealedTransaction[]): Receipt {
  const last = transactions.at(-1);
  if (!last) throw new Error("an accepted request without a transaction");
  const reservations = transactions.flatMap(
    ({ reservationId }) => changes.reservations.get(reservationId ?? "") ?? [],
  );
  const grant = changes.grants.get(last.grantId ?? "");
  return {
    account: { ...accountAfter(last), cycle: changes.account.cycle },
    reservations,
    grant,
    subscription: last.subscriptionAfter,
    transactions,
    replayed: false,
    current: undefined,
  };
}

/**
 * The answer to a request that changed nothing because these changes had been made
 * before: how they left things, and how things stand now (R-REQ-1).
 */
export async function replayedReceipt(
  reader: LedgerReader,
  organizationId: string,
  command: Command,
  versions: readonly bigint[],
): Promise<Receipt> {
  const transactions = await reader.transactions(organizationId, versions);
  const current = await standing(reader, organizationId, command, transactions);
  const last = transactions.at(-1);
  if (!last) {
    // An expired hold was given back before.
    return { ...current, transactions, replayed: true, current };
  }
  const reservations = await reservationsAfter(reader, organizationId, current.reservations, transactions);
  const grant = current.grant && grantAfter(current.grant, last);
  const cycle = cycleOf(await reader.subscriptionAt(organizationId, last.version));
  const { subscriptionAfter: subscription } = last;
  const account = { ...accountAfter(last), cycle };
  return { account, reservations, grant, subscription, transactions, replayed: true, current };
}

/** How things stand now for what a request was about. */
async function standing(
  reader: LedgerReader,
  organizationId: string,
  command: Command,
  transactions: readonly SealedTransaction[],
): Promise<Standing> {
  const { account } = await reader.account(organizationId);
  if (!account) throw new Error(`organization ${organizationId} has transactions but no account`);
  const changed = transactions.flatMap(({ reservationId }) => reservationId ?? []);
  const named = changed.length === 0 && "reservationId" in command ? [command.reservationId] : changed;
  const found = await reader.reservations(organizationId, named);
  const byId = new Map(found.map((reservation) => [reservation.reservationId, reservation]));
  const reservations = named.flatMap((id) => byId.get(id) ?? []);
  const grantId = transactions.at(-1)?.grantId;
  const grant = grantId === undefined ? undefined : await reader.grant(organizationId, grantId);
  if (isSubscriptionCommand(command))
    return { account, reservations, grant, subscription: await reader.subscription(organizationId) };
  if (!grant && command.kind === "refundPurchase")
    return { account, reservations, grant: await reader.grantOf(organizationId, command.reference) };
  return { account, reservations, grant };
}

/** Each reservation as its change left it: its history up to there, applied again. */
async function reservationsAfter(
  reader: LedgerReader,
  organizationId: string,
  reservations: readonly Reservation[],
  transactions: readonly SealedTransaction[],
): Promise<readonly Reservation[]> {
  const last = new Map(transactions.map(({ reservationId, version }) => [reservationId, version]));
  const wanted = reservations.map(({ reservationId, versions }) => {
    const until = last.get(reservationId) ?? 0n;
    return versions.filter((version) => version <= until);
  });
  const history = await reader.transactions(organizationId, wanted.flat());
  const byVersion = new Map(history.map((transaction) => [transaction.version, transaction]));
  return wanted.flatMap(
    (versions) => fold(versions.flatMap((version) => byVersion.get(version) ?? [])) ?? [],
  );
}

function fold(changes: readonly Transaction[]): Reservation | undefined {
  return changes.reduce<Reservation | undefined>(applyToReservation, undefined);
}

function grantAfter(grant: Grant, change: Transaction): Grant {
  const { grantAfter: buckets = bucketsOf(grant), kind, spentBecomesDebt = false } = change;
  return { ...grant, ...buckets, voided: kind === "GRANT_VOID", spentBecomesDebt };
}

function accountAfter(change: SealedTransaction): Account {
  const { organizationId, version, effectiveTime, balance } = change;
  return { organizationId, version, updateTime: effectiveTime, balance, nextDueTime: undefined };
}
