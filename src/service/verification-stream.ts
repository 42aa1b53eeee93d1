import type { Discrepancy } from "../domain/ledger/discrepancy.ts";
import type { Orm } from "../storage/orm.ts";
import type { Answer } from "./receipt.ts";
import {
  type OrganizationNotFound,
  Verification,
  type VerificationProgress,
  type VerificationScope,
  type VerificationSummary,
} from "./verification.ts";

export type VerificationEvent =
  | Readonly<{ kind: "progress"; progress: VerificationProgress }>
  | Readonly<{ kind: "finding"; finding: Discrepancy }>
  | Readonly<{ kind: "summary"; summary: VerificationSummary }>;

type Outcome = Answer<VerificationSummary, OrganizationNotFound>;

/**
 * A verification as its reader takes it. The work does not wait for the reader, since it
 * keeps a snapshot of the database open; findings wait, which have a limit, and of
 * how far it is only the newest.
 */
export class VerificationStream {
  readonly #findings: Discrepancy[] = [];
  #progress: VerificationProgress | undefined;
  #wake: (() => void) | undefined;
  readonly #left = new AbortController();
  readonly #outcome: Promise<Outcome>;
  /** Settles when nothing of it runs any more, however it ended. */
  readonly done: Promise<void>;
  #ended = false;

  /** Begins at once. */
  constructor(orm: Orm, scope: VerificationScope, signal: AbortSignal) {
    const listener = {
      progress: (progress: VerificationProgress) => {
        this.#progress = progress;
        this.#wake?.();
      },
      finding: (finding: Discrepancy) => {
        this.#findings.push(finding);
        this.#wake?.();
      },
    };
    const either = AbortSignal.any([signal, this.#left.signal]);
    this.#outcome = new Verification(orm, scope, listener, either).run();
    this.done = this.#outcome.then(
      () => this.#end(),
      () => this.#end(),
    );
  }

  /** Throws what the work threw; a refusal is the only value then. */
  async *events(): AsyncGenerator<Answer<VerificationEvent, OrganizationNotFound>> {
    try {
      while (!this.#ended || this.#findings.length > 0) {
        const event = this.#next();
        if (event) yield { value: event };
        else await new Promise<void>((resolve) => this.#waitFor(resolve));
      }
      const outcome = await this.#outcome;
      if ("refusal" in outcome) yield outcome;
      else yield { value: { kind: "summary", summary: outcome.value } };
    } finally {
      this.#left.abort();
    }
  }

  #next(): VerificationEvent | undefined {
    const finding = this.#findings.shift();
    if (finding) return { kind: "finding", finding };
    const progress = this.#progress;
    this.#progress = undefined;
    return progress && { kind: "progress", progress };
  }

  #waitFor(wake: () => void): void {
    this.#wake = wake;
    if (this.#ended) wake();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}
