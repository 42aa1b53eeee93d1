import type { Orm } from "../storage/orm.ts";
import { guarded } from "./guarded.ts";
import type { OrganizationReading } from "./organization-reading.ts";
import type { Answer } from "./receipt.ts";
import { type ExportPage, type ExportScope, TransactionExport } from "./transaction-export.ts";
import type { OrganizationNotFound, VerificationScope } from "./verification.ts";
import { type VerificationEvent, VerificationStream } from "./verification-stream.ts";

/** An export that may begin: where it is, and what it gives. */
export type StartedExport = Readonly<{
  /** Goes on after the last page that was given. */
  readonly resumeToken: string;
  pages: () => AsyncGenerator<ExportPage>;
}>;

/** What whoever runs the service needs of it: proof, and history elsewhere. */
export class Administration {
  readonly #orm: Orm;
  readonly #reading: OrganizationReading;
  readonly #running = new Set<VerificationStream>();
  readonly #stopping = new AbortController();

  /** The connections of this ORM are its own: it keeps one for as long as a verification takes. */
  constructor(orm: Orm, reading: OrganizationReading) {
    this.#orm = orm;
    this.#reading = reading;
  }

  /** R-HIST-4. Ends when the signal is aborted. */
  async *verify(
    scope: VerificationScope,
    signal: AbortSignal,
  ): AsyncGenerator<Answer<VerificationEvent, OrganizationNotFound>> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    const stream = new VerificationStream(this.#orm, scope, either);
    this.#running.add(stream);
    void stream.done.then(() => this.#running.delete(stream));
    const events = stream.events();
    try {
      for (;;) {
        const next = await guarded(() => events.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await events.return(undefined);
    }
  }

  /** What is due of one organization is recorded first (R-BAL-4). Throws ExportTokenError. */
  export(scope: ExportScope): Promise<Answer<StartedExport, OrganizationNotFound>> {
    const started = Promise.resolve({ value: new TransactionExport(this.#orm, scope) });
    return scope.organizationId === "" ? started : this.#reading.read(scope.organizationId, () => started);
  }

  /** Ends what runs. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the service stops"));
    await Promise.all([...this.#running].map(({ done }) => done));
  }
}
