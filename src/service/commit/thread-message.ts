import type { ClockSource } from "../../storage/organization-clock.ts";
import type { OrmSettings } from "../../storage/orm.ts";
import type { BatchItem, Committed, Outcome } from "../batch.ts";
import type { PlainError } from "./plain-error.ts";

/** What a thread that commits batches is started with. */
export type CommitThreadSettings = Readonly<{
  /** Of the batches; rate cards are looked up by one connection more. */
  database: OrmSettings;
  clocks: ClockSource;
}>;

export type BatchMessage = Readonly<{
  id: number;
  /** Of one lane, batches are committed one after the other. */
  lane: number;
  /** Whether it is to be tried only if the one before is committed, which may be under way. */
  follows: boolean;
  items: readonly BatchItem[];
}>;

export type ToCommitThread = BatchMessage | "stop";

/** That the thread is ready, or how it goes with a batch. */
export type FromCommitThread =
  | "ready"
  | Readonly<{ id: number; step: "writing" }>
  | Readonly<{ id: number; step: "done"; outcomes: readonly Outcome[]; committed: Committed | undefined }>
  | Readonly<{ id: number; step: "failed"; error: PlainError }>;
