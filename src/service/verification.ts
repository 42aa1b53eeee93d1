import { addTotals, type CreditTotals, NO_CREDITS, placedMicros } from "../domain/ledger/credit-totals.ts";
import { type Discrepancy, TooManyFindingsError } from "../domain/ledger/discrepancy.ts";
import type { ReadRefusal } from "../domain/ledger/refusal.ts";
import type { SealedTransaction } from "../domain/ledger/transaction.ts";
import { type LedgerHead, Verifier } from "../domain/ledger/verify.ts";
import { databaseFaultOf } from "../storage/database-fault.ts";
import { linkHash } from "../storage/hash-chain.ts";
import { LedgerSnapshot } from "../storage/ledger-snapshot.ts";
import { OrganizationWalk } from "../storage/organization-walk.ts";
import type { Orm } from "../storage/orm.ts";
import { alertDiscrepancies } from "./alert-audit.ts";
import { modelKindDiscrepancies } from "./model-kind-audit.ts";
import { auditOrganization } from "./organization-audit.ts";
import type { Answer } from "./receipt.ts";
import { SegmentVerification } from "./segment-verification.ts";
import { UsageVerification } from "./usage/usage-verification.ts";

/** What is to be verified. */
export type VerificationScope = Readonly<{
  /** Absent: all organizations. */
  organizationId?: string | undefined;
  /** Of that organization: what somebody kept elsewhere (R-HIST-4). */
  keptHead?: LedgerHead | undefined;
}>;

/** How far it is; the totals are as they were at the start. */
export type VerificationProgress = Readonly<{
  organizations: number;
  organizationsTotal: number;
  transactions: bigint;
  transactionsTotal: bigint;
  /** The one that is looked at. */
  organizationId: string;
}>;

export type VerificationSummary = Readonly<{
  organizations: number;
  transactions: bigint;
  findings: number;
  /** Whether so much was amiss that not everything was looked at. */
  cutShort: boolean;
  totals: CreditTotals;
  /** Of the organization, where there was one. */
  head: LedgerHead | undefined;
}>;

export type VerificationListener = Readonly<{
  progress: (progress: VerificationProgress) => void;
  finding: (finding: Discrepancy) => void;
}>;

export type OrganizationNotFound = Extract<ReadRefusal, { reason: "ORGANIZATION_NOT_FOUND" }>;

/** Nobody reads more; and what waits for a slow reader stays small. */
const FINDINGS_MAX = 10_000;

/**
 * Recomputes organizations from their transactions and compares with what is
 * stored (R-GRANT-6, R-HIST-4): all of them, or the one given. Each is looked at as it was
 * at one moment, so it may run while the service does, and memory does not grow with
 * history. Ends with the signal's reason soon after that is aborted.
 */
export class Verification {
  readonly #orm: Orm;
  readonly #walk: OrganizationWalk;
  readonly #scope: VerificationScope;
  readonly #signal: AbortSignal;
  readonly #listener: VerificationListener;
  #organizations = 0;
  #transactions = 0n;
  #findings = 0;
  #cutShort = false;
  #totals = NO_CREDITS;
  #head: LedgerHead | undefined;

  constructor(orm: Orm, scope: VerificationScope, listener: VerificationListener, signal: AbortSignal) {
    this.#orm = orm;
    this.#walk = new OrganizationWalk(orm);
    this.#scope = scope;
    this.#signal = signal;
    this.#listener = listener;
  }

  async run(): Promise<Answer<VerificationSummary, OrganizationNotFound>> {
    const { organizationId } = this.#scope;
    if (organizationId !== undefined && !(await this.#walk.has(organizationId)))
      return { refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId } };
    const size = await this.#walk.size(organizationId === undefined ? { from: "" } : { organizationId });
    for (const name of await this.#walk.missingIndexes())
      this.#found({ organizationId: "", place: `index ${name}`, expected: "in force", found: "nothing" });
    for await (const id of this.#organizationIds()) {
      const progress = () =>
        this.#listener.progress({
          organizations: this.#organizations,
          organizationsTotal: size.organizations,
          transactions: this.#transactions,
          transactionsTotal: size.transactions,
          organizationId: id,
        });
      await this.#verify(id, progress);
      this.#organizations += 1;
      progress();
    }
    if (organizationId === undefined)
      for (const finding of await modelKindDiscrepancies(this.#orm, this.#signal)) this.#found(finding);
    this.#checkTotals();
    return { value: this.#summary() };
  }

  async *#organizationIds(): AsyncGenerator<string> {
    if (this.#scope.organizationId !== undefined) {
      yield this.#scope.organizationId;
      return;
    }
    for (let id = await this.#walk.next(""); id !== undefined; id = await this.#walk.next(id)) {
      this.#signal.throwIfAborted();
      if (this.#findings >= FINDINGS_MAX) {
        this.#cutShort = true;
        return;
      }
      yield id;
    }
  }

  async #verify(organizationId: string, progress: () => void): Promise<void> {
    const verifier = new Verifier(organizationId, linkHash, { kept: this.#scope.keptHead });
    const tell = (): void => {
      for (const finding of verifier.findings.take()) this.#found(finding);
    };
    const onPage = (transactions: number): void => {
      this.#transactions += BigInt(transactions);
      tell();
      progress();
    };
    try {
      await LedgerSnapshot.read(this.#orm, organizationId, async (snapshot) => {
        const signal = this.#signal;
        const paging = { signal, onPage: progress };
        const usage = await UsageVerification.begin(snapshot.usage(paging));
        const segments = await SegmentVerification.begin(snapshot.segments(paging));
        const onTransaction = (transaction: SealedTransaction) => {
          const besides = [usage.add(transaction), segments.add(transaction)].filter(
            (work) => work !== undefined,
          );
          return besides.length === 0 ? undefined : Promise.all(besides).then(() => undefined);
        };
        const totals = await auditOrganization(snapshot, verifier, { signal, onPage, onTransaction });
        if (totals) this.#totals = addTotals(this.#totals, totals);
        tell();
        for (const finding of await alertDiscrepancies(snapshot, organizationId)) this.#found(finding);
        if (verifier.unreadable) return;
        for (const finding of await usage.finish()) this.#found(finding);
        for (const finding of await segments.finish()) this.#found(finding);
      });
    } catch (error) {
      tell();
      this.#giveUp(organizationId, error);
    }
    if (this.#scope.organizationId !== undefined) this.#head = verifier.head;
  }

  /**
   * What a damaged row makes of the code that reads it is a finding, and no reason to leave
   * the other organizations alone; throws what is about the database or the reader who left.
   */
  #giveUp(organizationId: string, error: unknown): void {
    const place = "organization";
    if (error instanceof TooManyFindingsError) {
      this.#cutShort = true;
      this.#found({ organizationId, place, expected: "the rest was not looked at", found: error.message });
      return;
    }
    const isDamage = error instanceof Error && !this.#signal.aborted && databaseFaultOf(error) === undefined;
    if (!isDamage) throw error;
    this.#found({ organizationId, place, expected: "rows that can be read", found: error.message });
  }

  /** Over the whole system: what was granted is somewhere (R-GRANT-6). */
  #checkTotals(): void {
    const { grantedMicros } = this.#totals;
    const placed = placedMicros(this.#totals);
    if (grantedMicros === placed) return;
    const found = `${placed} micros placed`;
    this.#found({ organizationId: "", place: "totals", expected: `${grantedMicros} micros granted`, found });
  }

  #found(finding: Discrepancy): void {
    this.#findings += 1;
    this.#listener.finding(finding);
  }

  #summary(): VerificationSummary {
    return {
      organizations: this.#organizations,
      transactions: this.#transactions,
      findings: this.#findings,
      cutShort: this.#cutShort,
      totals: this.#totals,
      head: this.#head,
    };
  }
}

export type VerifiedLedger = Readonly<{
  organizations: number;
  transactions: number;
  discrepancies: readonly Discrepancy[];
}>;

/** The same with all that was found in one list; an organization that does not exist has none. */
export async function verifyLedger(orm: Orm, organizationId?: string): Promise<VerifiedLedger> {
  const discrepancies: Discrepancy[] = [];
  const listener = { progress: () => undefined, finding: (each: Discrepancy) => discrepancies.push(each) };
  const { signal } = new AbortController();
  const outcome = await new Verification(orm, { organizationId }, listener, signal).run();
  if ("refusal" in outcome) return { organizations: 0, transactions: 0, discrepancies };
  const { organizations, transactions } = outcome.value;
  return { organizations, transactions: Number(transactions), discrepancies };
}
