/** Somebody who is to be told something. */
export type Recipient = Readonly<{ deliver: () => void }>;

/** So many are told before anything else gets its turn. */
const SLICE = 64;
const PAUSE_MS = 10;

export type FanOutRate = Readonly<{
  perSecond: number;
  /** So many may go out at once after a quiet time: as many as there are to tell. */
  burst: () => number;
}>;

/**
 * Tells watchers in turns, and no more of them a second than the process can afford
 * beside its work. After a quiet time one change reaches everybody immediately;
 * changes that follow it are thinned out.
 */
export class FanOut {
  readonly #rate: FanOutRate;
  readonly #queue = new Set<Recipient>();
  #allowance: number;
  #refilledAt = performance.now();
  #scheduled = false;

  constructor(rate: FanOutRate) {
    this.#rate = rate;
    this.#allowance = rate.burst();
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
    if (this.#allowance >= 1) setImmediate(() => this.#deliverSome());
    else setTimeout(() => this.#deliverSome(), PAUSE_MS);
  }

  #deliverSome(): void {
    this.#refill();
    let left = Math.min(SLICE, Math.floor(this.#allowance));
    this.#allowance -= Math.min(left, this.#queue.size);
    for (const recipient of this.#queue) {
      if (left === 0) break;
      left -= 1;
      this.#queue.delete(recipient);
      recipient.deliver();
    }
    this.#scheduled = false;
    if (this.#queue.size > 0) this.#schedule();
  }

  #refill(): void {
    const now = performance.now();
    const earned = ((now - this.#refilledAt) / 1_000) * this.#rate.perSecond;
    this.#allowance = Math.min(this.#rate.burst(), this.#allowance + earned);
    this.#refilledAt = now;
  }
}
