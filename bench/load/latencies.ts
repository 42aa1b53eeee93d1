/** Durations in milliseconds, to be asked for their quantiles. */
export class Latencies {
  readonly #values: number[] = [];
  #sorted: Float64Array | undefined;

  get count(): number {
    return this.#values.length;
  }

  add(ms: number): void {
    this.#values.push(ms);
    this.#sorted = undefined;
  }

  /** The smallest value that is not exceeded by so large a share of all. */
  quantile(share: number): number {
    this.#sorted ??= Float64Array.from(this.#values).sort();
    return this.#sorted[Math.max(Math.ceil(share * this.#sorted.length) - 1, 0)] ?? Number.NaN;
  }
}

/** Of three interleaved runs the middle one: a disturbance of one of them does not show. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}
