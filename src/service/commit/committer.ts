import { databaseFaultOf } from "../../storage/database-fault.ts";
import { type BatchGround, commitBatch } from "../batch.ts";
import type { LaneDatabase } from "../lane-recovery.ts";

/** What lanes have their batches committed by. */
export type Committer = Readonly<{
  /** Something for one lane to have them committed by, one after the other. */
  lane: () => LaneDatabase;
  /** Resolves once it would commit at once. */
  start: () => Promise<void>;
  /** After the last batch. */
  stop: () => Promise<void>;
}>;

/** Commits batches in this thread, beside everything else that it does. */
export function committerOf(ground: BatchGround): Committer {
  const database: LaneDatabase = { commit: (items) => commitBatch(ground, items), faultOf: databaseFaultOf };
  return { lane: () => database, start: () => Promise.resolve(), stop: () => ground.orm.close(true) };
}
