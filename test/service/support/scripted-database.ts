import type { BatchItem, Outcome } from "../../../src/service/batch.ts";
import type { LaneDatabase } from "../../../src/service/lane.ts";

export type Batch = readonly BatchItem[];
type Fault = ReturnType<LaneDatabase["faultOf"]>;

/** An error that a lane takes for this fault of its database. */
export class ScriptedFault extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`scripted: ${fault}`);
    this.fault = fault;
  }
}

const DONE: Outcome = { outcome: "current" };

/**
 * A lane's database without any: it keeps the batches, answers them by a script,
 * and holds them back until `open` where it was made `shut`.
 */
export class ScriptedDatabase implements LaneDatabase {
  readonly batches: Batch[] = [];
  readonly #script: (batch: Batch, attempt: number) => readonly Outcome[];
  #gate = Promise.resolve();
  #openGate = (): void => undefined;

  constructor(script: (batch: Batch, attempt: number) => readonly Outcome[] = (batch) => done(batch)) {
    this.#script = script;
  }

  async commit(batch: Batch): Promise<readonly Outcome[]> {
    this.batches.push(batch);
    await this.#gate;
    return this.#script(batch, this.batches.length);
  }

  faultOf(error: unknown): Fault {
    return error instanceof ScriptedFault ? error.fault : undefined;
  }

  shut(): void {
    this.#gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  open(): void {
    this.#openGate();
  }
}

export function done(batch: Batch): readonly Outcome[] {
  return batch.map(() => DONE);
}
