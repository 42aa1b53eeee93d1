import type { UsageSums } from "./usage.ts";

/** Four random-looking whole numbers below 2^64 for a name, always the same ones. */
export type Weights = (name: string) => readonly [bigint, bigint, bigint, bigint];

/**
 * Tells whether rows that were added and rows that were taken away are the same, without
 * keeping any: each counts with weights of its own name, so that what is added in parts
 * counts as it would at once. Where a sum is not the same, no more than one value in 2^64
 * of its weight lets all of them come to nothing; who damages rows must not know the weights.
 */
export class UsageFingerprint {
  readonly #weights: Weights;
  #total = 0n;
  #empty = 0;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  add(name: string, sums: UsageSums): void {
    this.#total += this.#weighed(name, sums);
  }

  /** A row without any use counts for nothing, and is told by itself. */
  take(name: string, sums: UsageSums): void {
    this.#total -= this.#weighed(name, sums);
    const { calls, lateCalls, settledMicros, refundedMicros } = sums;
    if (calls === 0n && lateCalls === 0n && settledMicros === 0n && refundedMicros === 0n) this.#empty += 1;
  }

  get isNothing(): boolean {
    return this.#total === 0n && this.#empty === 0;
  }

  #weighed(name: string, { calls, lateCalls, settledMicros, refundedMicros }: UsageSums): bigint {
    const [byCalls, byLateCalls, bySettled, byRefunded] = this.#weights(name);
    return (
      byCalls * calls + byLateCalls * lateCalls + bySettled * settledMicros + byRefunded * refundedMicros
    );
  }
}
