import type { Account } from "../../../src/domain/ledger/account.ts";
import { type Debt, owedMicros } from "../../../src/domain/ledger/debt.ts";
import type { Discrepancy } from "../../../src/domain/ledger/discrepancy.ts";
import type { Grant } from "../../../src/domain/ledger/grant.ts";
import type { Reservation } from "../../../src/domain/ledger/reservation.ts";
import type { Transaction } from "../../../src/domain/ledger/transaction.ts";
import type { Verifier } from "../../../src/domain/ledger/verify.ts";
import type { Subscription } from "../../../src/domain/plans/subscription.ts";

/** What is stored beside the transactions and must follow from them. */
export type StoredState = Readonly<{
  account: Account;
  grants: readonly Grant[];
  debts: readonly Debt[];
  reservations: readonly Reservation[];
  subscription?: Subscription | undefined;
}>;

export type StoredLedger = Readonly<{
  transactions: readonly Transaction[];
  hashes: readonly string[];
  stored: StoredState;
  headHash: string;
}>;

/** Small, so that hardly any reservation fits into one. */
const PAGE_ROWS = 2;

/** Takes a verifier through a ledger in memory, as the service does through one in the database. */
export function discrepanciesOf(verifier: Verifier, ledger: StoredLedger): readonly Discrepancy[] {
  const { transactions, hashes, stored, headHash } = ledger;
  const lookup = new Lookup(ledger);
  for (let start = 0; start < transactions.length; start += PAGE_ROWS) {
    const page = transactions.slice(start, start + PAGE_ROWS);
    bring(verifier, lookup, page);
    for (const [index, change] of page.entries()) verifier.feed(change, hashes[start + index] ?? "");
    endPage(verifier, lookup);
  }
  verifier.finish({ account: stored.account, headHash, subscription: stored.subscription });
  if (!verifier.broken) finish(verifier, stored, lookup);
  return verifier.findings.take();
}

/** What the database has indexes for. */
class Lookup {
  readonly changes: ReadonlyMap<bigint, Transaction>;
  readonly grants: ReadonlyMap<string, Grant>;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly debts: ReadonlyMap<bigint, Debt>;

  constructor({ transactions, stored }: StoredLedger) {
    this.changes = new Map(transactions.map((change) => [change.version, change]));
    this.grants = new Map(stored.grants.map((grant) => [grant.grantId, grant]));
    this.reservations = new Map(stored.reservations.map((each) => [each.reservationId, each]));
    this.debts = new Map(stored.debts.map((debt) => [debt.version, debt]));
  }
}

function bring({ reservations, grants }: Verifier, lookup: Lookup, page: readonly Transaction[]): void {
  const rows = reservations.missing(page).flatMap((id) => lookup.reservations.get(id) ?? []);
  for (const earlier of reservations.bring(rows, page)) {
    const changes = earlier.versions.flatMap((version) => lookup.changes.get(version) ?? []);
    reservations.recall(earlier, changes);
  }
  for (const grant of grants.missing(page).flatMap((id) => lookup.grants.get(id) ?? []))
    grants.takeBack(grant, lookup.changes.get(grant.version));
}

function endPage({ reservations, grants, debts }: Verifier, lookup: Lookup): void {
  reservations.endPage();
  debts.comparePaid(debts.paid.flatMap(({ version }) => lookup.debts.get(version) ?? []));
  grants.putAside(grants.closed().flatMap((id) => lookup.grants.get(id) ?? []));
}

function finish(verifier: Verifier, stored: StoredState, { changes }: Lookup): void {
  const { grants, debts, reservations } = verifier;
  const changeOf = (version: bigint) => changes.get(version);
  for (const grant of stored.grants) grants.meet(grant, changeOf(grant.version));
  grants.finish();
  const paid = stored.debts.filter((debt) => owedMicros(debt) === 0n);
  const incurs = ({ version }: Debt) => changeOf(version)?.movements.some(({ from }) => from === "DEBT");
  debts.finish(
    stored.debts.filter((debt) => owedMicros(debt) > 0n),
    paid.length,
    paid.length === debts.compared ? [] : paid.filter((debt) => !incurs(debt)),
  );
  const isUnseen = ({ reservationId, versions }: Reservation) =>
    changeOf(versions.at(-1) ?? 0n)?.reservationId !== reservationId;
  const { length } = stored.reservations;
  reservations.finish(length, length === reservations.compared ? [] : stored.reservations.filter(isUnseen));
  const sum = (field: "incurredMicros" | "paidMicros") =>
    stored.debts.reduce((total, debt) => total + debt[field], 0n);
  verifier.finishTotals({ incurredMicros: sum("incurredMicros"), paidMicros: sum("paidMicros") });
}
