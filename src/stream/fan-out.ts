import type { Allowance } from "./allowance.ts";

/** Somebody who is to be told something. */
export type Recipient = Readonly<{ deliver: () => void }>;

/** So many are told before anything else gets its turn. */
const SLICE = 64;
const PAUSE_MS = 10;

/**
 * Tells watchers in turns, and no more of them a second than the process can afford
 * beside its work. After a quiet time one change reaches everybody immediately;
 * changes that follow it are thinned out.
 */
export class FanOut {
  readonly #allowance: Allowance;
  readonly #queue = new Set<Recipient>();
  #scheduled = false;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  add(recipient: Recipient): void {
    this.#queue.add(recipient);
    if (!this.#scheduled) this.#schedule();
  }

  delete(recipient: Recipient): void {
    this.#queue.delete(recipient);
  }

  #schedule(): void {
    this.#scheduled = true;
    if (this.#allowance.isUsedUp) setTimeout(() => this.#deliverSome(), PAUSE_MS);
    else setImmediate(() => this.#deliverSome());
  }

  #deliverSome(): void {
    let left = this.#allowance.take(Math.min(SLICE, this.#queue.size));
    for (const recipient of this.#queue) {
      if (left === 0) break;
      left -= 1;
      this.#queue.delete(recipient);
      recipient.deliver();
    }
    this.#scheduled = false;
    if (this.#queue.size > 0) this.#schedule();
  }
}
