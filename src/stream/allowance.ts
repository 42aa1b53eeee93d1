/** So much a second, and after a quiet time so much at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #most: () => number;
  #left: number;
  #refilledAt = performance.now();

  constructor(perSecond: number, most: () => number) {
    this.#perSecond = perSecond;
    this.#most = most;
    this.#left = most();
  }

  /** Whether there was nothing left when it was last taken from. */
  get isUsedUp(): boolean {
    return this.#left < 1;
  }

  /** Takes what there is, up to what is wanted. */
  take(wanted: number): number {
    const now = performance.now();
    const earned = ((now - this.#refilledAt) / 1_000) * this.#perSecond;
    this.#refilledAt = now;
    this.#left = Math.min(this.#most(), this.#left + earned);
    const taken = Math.min(wanted, Math.floor(this.#left));
    this.#left -= taken;
    return taken;
  }
}
