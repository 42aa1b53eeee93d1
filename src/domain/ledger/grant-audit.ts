import { addTotals, type CreditTotals, NO_CREDITS, totalsOfGrant } from "./credit-totals.ts";
import { type Findings, isSame } from "./discrepancy.ts";
import { type Grant, isOpen } from "./grant.ts";
import type { Ledger } from "./ledger.ts";
import { madeBy } from "./replay.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Compares an organization's grants with what its changes make of them. Where there
 * are very many, those that nothing is left of, and that are as they are stored, are put
 * aside; a change that names one takes it back from where it is stored, which is what
 * it was. Only a change that made a grant can have put it at hand, so the change that
 * a stored grant names as its maker tells those that were put aside from forged ones.
 */
export class GrantAudit {
  readonly #ledger: Ledger;
  readonly #findings: Findings;
  readonly #most: number;
  readonly #met = new Set<string>();
  #asideCount = 0;
  #storedTotals = NO_CREDITS;

  /** Beyond `most` at hand, grants are put aside. */
  constructor(ledger: Ledger, findings: Findings, most: number) {
    this.#ledger = ledger;
    this.#findings = findings;
    this.#most = most;
  }

  /** Of all stored grants that were met. */
  get storedTotals(): CreditTotals {
    return this.#storedTotals;
  }

  /** The grants that the changes name and that may have been put aside. */
  missing(changes: readonly Transaction[]): readonly string[] {
    if (this.#asideCount === 0) return [];
    const { subscription } = this.#ledger;
    const ids = new Set([...changes.flatMap(namedBy), ...(subscription?.suspendedGrantIds ?? [])]);
    return [...ids].filter((id) => !this.#ledger.grants.has(id));
  }

  /** Takes a stored grant back, if its maker made it before the changes at hand. */
  takeBack(grant: Grant, maker: Transaction | undefined): void {
    if (grant.version > this.#ledger.account.version || !isMade(grant, maker)) return;
    this.#asideCount -= 1;
    this.#ledger.putGrant(grant);
  }

  /** The grants that could be put aside, once there are too many. */
  closed(): readonly string[] {
    if (this.#ledger.grants.size <= this.#most) return [];
    return [...this.#ledger.grants.values()].filter((grant) => !isOpen(grant)).map(({ grantId }) => grantId);
  }

  putAside(stored: readonly Grant[]): void {
    for (const grant of stored) {
      const ours = this.#ledger.grants.get(grant.grantId);
      if (ours === undefined || !isSame(ours, grant)) continue;
      this.#ledger.grants.delete(grant.grantId);
      this.#ledger.references.delete(grant.reference);
      this.#asideCount += 1;
    }
  }

  /** Those of stored grants that are not at hand. */
  unknown(stored: readonly Grant[]): readonly Grant[] {
    return stored.filter(({ grantId }) => !this.#ledger.grants.has(grantId));
  }

  /** The end: each stored grant, with its maker where it is not at hand. */
  meet(stored: Grant, maker: Transaction | undefined): void {
    this.#storedTotals = addTotals(this.#storedTotals, totalsOfGrant(stored));
    const ours = this.#ledger.grants.get(stored.grantId);
    if (ours) this.#met.add(stored.grantId);
    else if (isMade(stored, maker)) return;
    this.#findings.compare(`grant ${stored.grantId}`, ours, stored);
  }

  /** After the last of them. */
  finish(): void {
    for (const [id, grant] of this.#ledger.grants)
      if (!this.#met.has(id)) this.#findings.compare(`grant ${id}`, grant, undefined);
  }
}

function namedBy({ grantId, movements, subscriptionAfter }: Transaction): readonly string[] {
  const moved = movements.flatMap((movement) => movement.grantId ?? []);
  return [
    ...moved,
    ...(grantId === undefined ? [] : [grantId]),
    ...(subscriptionAfter?.suspendedGrantIds ?? []),
  ];
}

function isMade({ grantId }: Grant, maker: Transaction | undefined): boolean {
  return maker !== undefined && madeBy(maker).some((made) => made.grantId === grantId);
}
