import { type Debt, owedMicros } from "./debt.ts";
import type { Findings } from "./discrepancy.ts";
import type { Ledger } from "./ledger.ts";

/**
 * Compares an organization's debts with what its changes make of them: those that are
 * paid as soon as they are, which is their end, and those that are owed at the end.
 */
export class DebtAudit {
  readonly #ledger: Ledger;
  readonly #findings: Findings;
  readonly #named = new Set<bigint>();
  #paid: Debt[] = [];
  #compared = 0;

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger;
    this.#findings = findings;
  }

  /** How many paid debts were compared with one that is stored as paid. */
  get compared(): number {
    return this.#compared;
  }

  changed(debts: readonly Debt[]): void {
    for (const debt of debts) if (owedMicros(debt) === 0n) this.#paid.push(debt);
  }

  /** Those that were paid since the last time. */
  get paid(): readonly Debt[] {
    return this.#paid;
  }

  /** Compares them with what is stored of them. */
  comparePaid(stored: readonly Debt[]): void {
    const byVersion = new Map(stored.map((debt) => [debt.version, debt]));
    for (const debt of this.#paid) {
      const found = byVersion.get(debt.version);
      if (found && owedMicros(found) === 0n) this.#compared += 1;
      this.#name(debt, found);
    }
    this.#paid = [];
  }

  /**
   * The end: what is stored as owed, how many are stored as paid, and those of them that
   * their changes did not incur, asked for only where `compared` is another number.
   */
  finish(owed: readonly Debt[], paidCount: number, unseen: readonly Debt[]): void {
    const ours = this.#ledger.debts;
    const stored = new Map(owed.map((debt) => [debt.version, debt]));
    for (const debt of ours.values()) this.#name(debt, stored.get(debt.version));
    for (const debt of owed) if (!ours.has(debt.version)) this.#name(undefined, debt);
    for (const debt of unseen) this.#name(ours.get(debt.version), debt);
    if (this.#compared !== paidCount && this.#named.size === 0)
      this.#findings.add("debts", `${this.#compared} paid debts`, `${paidCount} paid debts`);
  }

  #name(ours: Debt | undefined, stored: Debt | undefined): void {
    const version = ours?.version ?? stored?.version ?? 0n;
    if (this.#named.has(version)) return;
    const before = this.#findings.count;
    this.#findings.compare(`debt ${version}`, ours, stored);
    if (this.#findings.count > before) this.#named.add(version);
  }
}
