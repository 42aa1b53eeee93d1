import type { CreditTotals } from "../domain/ledger/credit-totals.ts";
import type { Reservation } from "../domain/ledger/reservation.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import type { Verifier } from "../domain/ledger/verify.ts";
import type { LedgerSnapshot, StoredReservation, StoredTransaction } from "../storage/ledger-snapshot.ts";
import { Breath } from "./breath.ts";

export type AuditOptions = Readonly<{
  signal: AbortSignal;
  /** So many more transactions have been looked at. */
  onPage: (transactions: number) => void;
  /** Each that can be read; the next one waits for the promise, if there is one. */
  onTransaction: (transaction: SealedTransaction) => Promise<void> | undefined;
}>;

/** About 2 MB in memory. */
const PAGE_ROWS = 500;

/** Before the first version that PostgreSQL could hold. */
const BEFORE_ALL = -(2n ** 63n);

/**
 * Takes a verifier through all that is stored of an organization, page by page;
 * what is amiss is in its findings. Returns what is stored in all, if that could be told.
 */
export async function auditOrganization(
  snapshot: LedgerSnapshot,
  verifier: Verifier,
  options: AuditOptions,
): Promise<CreditTotals | undefined> {
  await feedAll(snapshot, verifier, options);
  const account = await snapshot.account();
  verifier.finish(account);
  if (!account || verifier.broken) return undefined;
  await finishGrants(snapshot, verifier, options);
  await finishDebts(snapshot, verifier);
  await finishReservations(snapshot, verifier);
  return verifier.finishTotals(await snapshot.debtTotals());
}

async function feedAll(
  snapshot: LedgerSnapshot,
  verifier: Verifier,
  { signal, onPage, onTransaction }: AuditOptions,
): Promise<void> {
  const breath = new Breath();
  for await (const page of pages(snapshot, verifier, signal)) {
    for (const stored of page) {
      feed(verifier, stored);
      const besides = "transaction" in stored ? onTransaction(stored.transaction) : undefined;
      if (besides) await besides;
      await breath.take();
    }
    if (!verifier.broken) await endPage(snapshot, verifier);
    onPage(page.length);
  }
}

/** All transactions, with what they name at hand: the database looks for the next page while one is looked at. */
async function* pages(
  snapshot: LedgerSnapshot,
  verifier: Verifier,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredTransaction[]> {
  let read: Promise<readonly StoredTransaction[]> | undefined = snapshot.transactionsAfter(
    BEFORE_ALL,
    PAGE_ROWS,
  );
  while (read) {
    signal.throwIfAborted();
    const page: readonly StoredTransaction[] = await read;
    if (!verifier.broken) await bring(snapshot, verifier, readable(page));
    const last = page.length < PAGE_ROWS ? undefined : page.at(-1);
    read = last && ahead(snapshot.transactionsAfter(versionOf(last), PAGE_ROWS));
    yield page;
  }
}

/** A promise that is awaited later, or never where something else fails first. */
function ahead<T>(reading: Promise<T>): Promise<T> {
  reading.catch(() => undefined);
  return reading;
}

function versionOf(stored: StoredTransaction): bigint {
  return "transaction" in stored ? stored.transaction.version : stored.version;
}

function feed(verifier: Verifier, stored: StoredTransaction): void {
  if ("why" in stored) {
    verifier.feedUnreadable(stored.version, stored.hash, stored.why);
    return;
  }
  const { hash, ...transaction } = stored.transaction;
  verifier.feed(transaction, hash);
}

/** Puts what the changes name at hand. */
async function bring(
  snapshot: LedgerSnapshot,
  { reservations, grants }: Verifier,
  changes: readonly SealedTransaction[],
): Promise<void> {
  const stored = readableReservations(
    await snapshot.reservations(reservations.missing(changes)),
    reservations,
  );
  const recalled = reservations.bring(stored, changes);
  const earlier = await snapshot.transactions(recalled.flatMap(({ versions }) => versions));
  for (const each of recalled) reservations.recall(each, earlier);
  for (const grant of await snapshot.grants(grants.missing(changes))) {
    const [maker] = await snapshot.transactions([grant.version]);
    grants.takeBack(grant, maker);
  }
}

/** Compares what has come to its end, and puts aside what need not stay at hand. */
async function endPage(snapshot: LedgerSnapshot, { reservations, grants, debts }: Verifier): Promise<void> {
  reservations.endPage();
  if (debts.paid.length > 0)
    debts.comparePaid(await snapshot.debts(debts.paid.map(({ version }) => version)));
  const closed = grants.closed();
  for (let start = 0; start < closed.length; start += PAGE_ROWS)
    grants.putAside(await snapshot.grants(closed.slice(start, start + PAGE_ROWS)));
}

async function finishGrants(
  snapshot: LedgerSnapshot,
  { grants }: Verifier,
  { signal }: AuditOptions,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    signal.throwIfAborted();
    const page = await snapshot.grantsAfter(after, PAGE_ROWS);
    const makers = await snapshot.transactions(grants.unknown(page).map(({ version }) => version));
    const byVersion = new Map(makers.map((maker) => [maker.version, maker]));
    for (const grant of page) grants.meet(grant, byVersion.get(grant.version));
    if (page.length < PAGE_ROWS) break;
    after = page.at(-1)?.grantId;
  }
  grants.finish();
}

async function finishDebts(snapshot: LedgerSnapshot, { debts }: Verifier): Promise<void> {
  const owed = await snapshot.owedDebts();
  const paidCount = await snapshot.countPaidDebts();
  debts.finish(owed, paidCount, paidCount === debts.compared ? [] : await snapshot.unseenDebts());
}

async function finishReservations(snapshot: LedgerSnapshot, { reservations }: Verifier): Promise<void> {
  const count = await snapshot.countReservations();
  const unseen = count === reservations.compared ? [] : await snapshot.unseenReservations();
  reservations.finish(count, readableReservations(unseen, reservations));
}

function readable(page: readonly StoredTransaction[]): readonly SealedTransaction[] {
  return page.flatMap((stored) => ("transaction" in stored ? [stored.transaction] : []));
}

/** Those that can be read; the others are named. */
function readableReservations(
  page: readonly StoredReservation[],
  reservations: Verifier["reservations"],
): readonly Reservation[] {
  return page.flatMap((stored) => {
    if ("reservation" in stored) return [stored.reservation];
    reservations.unreadable(stored.reservationId, stored.why);
    return [];
  });
}
