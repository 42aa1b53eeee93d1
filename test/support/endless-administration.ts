import type { AdminParts } from "../../src/rpc/admin-handlers.ts";
import { StreamLimit } from "../../src/stream/stream-limit.ts";

/** Verifications that go on until somebody stops them. */
export class EndlessAdministration implements AdminParts {
  readonly streams = new StreamLimit({
    streamsMax: 2,
    streamsPerConnectionMax: 2,
    streams: "verifications and exports",
  });
  readonly stalledMs = 60_000;
  /** How many go on. */
  running = 0;

  readonly administration: AdminParts["administration"] = {
    verify: (_scope, signal) => this.#verify(signal),
    export: () => {
      throw new Error("no export was scripted");
    },
  };

  async *#verify(signal: AbortSignal): ReturnType<AdminParts["administration"]["verify"]> {
    this.running += 1;
    const counts = { organizations: 1, organizationsTotal: 2, transactions: 3n, transactionsTotal: 4n };
    yield { value: { kind: "progress", progress: { ...counts, organizationId: "acme" } } };
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.running -= 1;
  }
}
