import type { Discrepancy } from "../domain/ledger/discrepancy.ts";
import type { Transaction } from "../domain/ledger/transaction.ts";
import { SEGMENT_VERSIONS, type SegmentField } from "../storage/history-segments.ts";
import type { SegmentAudit, SegmentEntry } from "../storage/segment-audit.ts";

/** So many are named of an organization; where there are more, the first of them say where to look. */
const DISCREPANCIES_MAX = 1_000;
/** Looked up at once. */
const ENTRIES_TOGETHER = 2_000;

/**
 * Compares the index of an organization's history with its transactions, as they are fed in
 * order (R-HIST-4): each entry that there must be is looked up, and where there are more than
 * these, those that must not be are looked for. A segment is in memory at a time, and what waits to be looked up.
 */
export class SegmentVerification {
  readonly #audit: SegmentAudit;
  readonly #indexed: bigint;
  readonly #found: Discrepancy[] = [];
  #segment = -1n;
  /** Of the segment: the values of each column. */
  #values = new Map<SegmentField, Set<string>>();
  #waiting: SegmentEntry[] = [];
  #stored = 0;

  private constructor(audit: SegmentAudit, indexed: bigint) {
    this.#audit = audit;
    this.#indexed = indexed;
  }

  static async begin(audit: SegmentAudit): Promise<SegmentVerification> {
    const { indexed, complete } = await audit.extent();
    const verification = new SegmentVerification(audit, indexed < complete ? indexed : complete);
    if (indexed > complete)
      verification.#tell("history index", `at most ${complete} segments`, `${indexed} segments`);
    return verification;
  }

  /** The next change; a promise where there is something to look up before the one after it. */
  add({ version, kind, context = {} }: Transaction): Promise<void> | undefined {
    const segment = (version - 1n) / SEGMENT_VERSIONS;
    if (version <= 0n || segment >= this.#indexed) return undefined;
    if (segment !== this.#segment) this.#close();
    this.#segment = segment;
    this.#occurs("kind", kind);
    this.#occurs("agent_id", context.agentId);
    this.#occurs("member_id", context.memberId);
    this.#occurs("model_id", context.modelId);
    this.#occurs("workspace_id", context.workspaceId);
    return this.#waiting.length < ENTRIES_TOGETHER ? undefined : this.#lookUp();
  }

  /** After the last change. */
  async finish(): Promise<readonly Discrepancy[]> {
    this.#close();
    await this.#lookUp();
    if (this.#isFull || (await this.#audit.count()) === this.#stored) return this.#found;
    for await (const entry of this.#audit.unfounded(this.#indexed)) {
      this.#tell(placeOf(entry), "nothing", textOf(entry));
      if (this.#isFull) break;
    }
    return this.#found;
  }

  get #isFull(): boolean {
    return this.#found.length >= DISCREPANCIES_MAX;
  }

  #occurs(field: SegmentField, value: string | undefined): void {
    if (value === undefined) return;
    const values = this.#values.get(field);
    if (values) values.add(value);
    else this.#values.set(field, new Set([value]));
  }

  #close(): void {
    for (const [field, values] of this.#values) {
      for (const value of values) this.#waiting.push({ field, value, segment: this.#segment });
      values.clear();
    }
  }

  async #lookUp(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    if (entries.length === 0 || this.#isFull) return;
    const missing = await this.#audit.missing(entries);
    this.#stored += entries.length - missing.length;
    for (const entry of missing) this.#tell(placeOf(entry), textOf(entry), "nothing");
  }

  #tell(place: string, expected: string, found: string): void {
    const { organizationId } = this.#audit;
    if (!this.#isFull) this.#found.push({ organizationId, place, expected, found });
  }
}

function placeOf({ segment }: SegmentEntry): string {
  return `history segment ${segment}`;
}

function textOf({ field, value }: SegmentEntry): string {
  return `${field} ${value}`;
}
