import { cycleOf, type Subscription } from "../plans/subscription.ts";
import { earlierOf } from "../time.ts";
import { type Account, isSameBalance } from "./account.ts";
import { canonicalTransaction } from "./canonical.ts";
import { addTotals, type CreditTotals, NO_CREDITS, totalsAfter, totalsOfDebt } from "./credit-totals.ts";
import { DebtAudit } from "./debt-audit.ts";
import { Findings, isSame, TooManyFindingsError } from "./discrepancy.ts";
import { GrantAudit } from "./grant-audit.ts";
import { Ledger } from "./ledger.ts";
import { replay } from "./replay.ts";
import { ReservationAudit } from "./reservation-audit.ts";
import type { Transaction } from "./transaction.ts";

/** The account as it is stored, and what stands beside it. */
export type StoredAccount = Readonly<{
  account: Account;
  headHash: string;
  subscription: Subscription | undefined;
}>;

/** A digest of canonical text and the hash before it, in hex. */
export type HashLink = (previousHash: string, canonicalText: string) => string;

/** The last change of an organization as it was at some time, and its hash in hex (R-HIST-4). */
export type LedgerHead = Readonly<{ version: bigint; hash: string }>;

export type VerifierOptions = Readonly<{
  /** A head that somebody kept elsewhere, to prove that nothing before it was rewritten. */
  kept?: LedgerHead | undefined;
  /** How many of each stay in memory; those that are put aside cost a look more when they change again. */
  atHand?: Readonly<{ reservations: number; grants: number }>;
}>;

/** About 2 KB each, and about 1 KB. */
const AT_HAND = { reservations: 20_000, grants: 10_000 };

/**
 * Requests are remembered so long to tell a second effect by (R-REQ-1). For how long
 * ever, the database's unique index does.
 */
const REQUESTS_KEPT = 10_000;

/**
 * Recomputes an organization from its transactions, fed in order of version, and
 * compares with what is stored (R-GRANT-6, R-HIST-4): the account here, the rest in
 * the audits. It keeps what is open, and no history. After a transaction that can't be
 * applied, the rest can only be checked for its place in the chain.
 */
export class Verifier {
  readonly findings: Findings;
  readonly reservations: ReservationAudit;
  readonly grants: GrantAudit;
  readonly debts: DebtAudit;
  readonly #ledger: Ledger;
  readonly #link: HashLink;
  readonly #kept: LedgerHead | undefined;
  #version = 0n;
  #hash = "";
  #broken = false;
  #unreadable = false;
  #totals = NO_CREDITS;

  constructor(organizationId: string, link: HashLink, { kept, atHand = AT_HAND }: VerifierOptions = {}) {
    this.#ledger = new Ledger(organizationId);
    this.findings = new Findings(organizationId);
    this.reservations = new ReservationAudit(this.#ledger, this.findings, atHand.reservations);
    this.grants = new GrantAudit(this.#ledger, this.findings, atHand.grants);
    this.debts = new DebtAudit(this.#ledger, this.findings);
    this.#link = link;
    this.#kept = kept;
  }

  /** The last transaction. */
  get head(): LedgerHead {
    return { version: this.#version, hash: this.#hash };
  }

  /** Whether a transaction could not be applied, so that nothing can be compared with what is stored. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether a transaction could not even be read, so that nothing that is summed up from them can be, either. */
  get unreadable(): boolean {
    return this.#unreadable;
  }

  /** What the movements come to. */
  get totals(): CreditTotals {
    return this.#totals;
  }

  feed(transaction: Transaction, hash: string): void {
    const place = `transaction ${transaction.version}`;
    this.#follow(transaction.version, place);
    const text = this.#attempt(place, () => canonicalTransaction(transaction));
    const linked = text === undefined ? hash : this.#link(this.#hash, text);
    this.findings.compareText(place, `hash ${linked}`, `hash ${hash}`);
    this.#hash = hash;
    this.#compareWithKept(place);
    if (!this.#broken) this.#attempt(place, () => this.#replay(transaction, place));
  }

  /** A transaction that can't even be read. */
  feedUnreadable(version: bigint, hash: string, why: string): void {
    const place = `transaction ${version}`;
    this.#follow(version, place);
    this.findings.add(place, "a transaction that can be read", why);
    this.#hash = hash;
    this.#compareWithKept(place);
    this.#broken = true;
    this.#unreadable = true;
  }

  /** After the last transaction. */
  finish(stored: StoredAccount | undefined): void {
    const { findings } = this;
    const { version: keptVersion = 0n, hash = "" } = this.#kept ?? {};
    if (keptVersion > this.#version) findings.add(`transaction ${keptVersion}`, `hash ${hash}`, "nothing");
    if (!stored) {
      findings.add("account", "an account", "nothing");
      return;
    }
    findings.compareText("account", `head hash ${this.#hash}`, `head hash ${stored.headHash}`);
    if (this.#broken) return;
    // Too early a due time costs one look; it is no discrepancy, too late is.
    const { nextDueTime: _stored, ...storedAccount } = stored.account;
    const { nextDueTime: _ours, ...ourAccount } = this.#ledger.account;
    findings.compare("account", ourAccount, storedAccount);
    findings.compare("subscription", this.#ledger.subscription, stored.subscription);
    this.#checkDueTime(stored.account);
  }

  /** After the audits, with the sums over all stored debts: nothing was minted or lost (R-GRANT-6). */
  finishTotals(debts: Readonly<{ incurredMicros: bigint; paidMicros: bigint }>): CreditTotals {
    const stored = addTotals(this.grants.storedTotals, totalsOfDebt(debts));
    if (this.findings.count === 0) this.findings.compare("totals", this.#totals, stored);
    return stored;
  }

  #follow(version: bigint, place: string): void {
    this.findings.compareText(place, `version ${this.#version + 1n}`, `version ${version}`);
    this.#version = version;
  }

  #compareWithKept(place: string): void {
    if (this.#kept?.version !== this.#version) return;
    if (this.#kept.hash === this.#hash) return;
    this.findings.add(place, `hash ${this.#kept.hash}, as it was kept elsewhere`, `hash ${this.#hash}`);
  }

  #replay(transaction: Transaction, place: string): void {
    const { transaction: again, debts } = replay(this.#ledger, transaction);
    if (!isRecordedAs(again, transaction))
      this.findings.compareText(place, canonicalTransaction(again), canonicalTransaction(transaction));
    for (const movement of transaction.movements) this.#totals = totalsAfter(this.#totals, movement);
    this.debts.changed(debts);
    this.reservations.changed(transaction);
    if (this.#ledger.requests.size > 2 * REQUESTS_KEPT) this.#forgetRequests();
  }

  /** Many at once: a map whose first entry is removed again and again becomes slow. */
  #forgetRequests(): void {
    const { requests } = this.#ledger;
    const older = [...requests.keys()].slice(0, requests.size - REQUESTS_KEPT);
    for (const requestId of older) requests.delete(requestId);
  }

  /** Whatever a damaged row makes of the code that reads it, is a finding. */
  #attempt<T>(place: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (error instanceof TooManyFindingsError || !(error instanceof Error)) throw error;
      this.#broken = true;
      this.findings.add(place, "a transaction that can follow", error.message);
      return undefined;
    }
  }

  #checkDueTime(account: Account): void {
    const expiries = [...this.#ledger.grants.values()].map((grant) =>
      grant.freeMicros > 0n ? grant.expireTime : undefined,
    );
    const dues = [...expiries, this.reservations.heldUntil, cycleOf(this.#ledger.subscription)?.endTime];
    const due = dues.reduce(earlierOf, undefined);
    if (due === undefined || (account.nextDueTime !== undefined && account.nextDueTime <= due)) return;
    this.findings.add("account", `due by ${due}`, `due by ${account.nextDueTime}`);
  }
}

/** What replaying computes anew; all else of a transaction is what it was replayed from. */
function isRecordedAs(again: Transaction, recorded: Transaction): boolean {
  return (
    again.organizationId === recorded.organizationId &&
    again.movements.length === recorded.movements.length &&
    isSameBalance(again.balance, recorded.balance) &&
    isSame(again.grantAfter, recorded.grantAfter)
  );
}
