/** The series of one set of labels: how many values fell into each bucket, and all of them together. */
export type Series = Readonly<{ labels: string; counts: readonly number[]; count: number; sum: number }>;

/** A histogram as it stands: plain data, so that a process can send it to another. */
export type HistogramState = Readonly<{
  name: string;
  help: string;
  /** Upper bounds; above the last one there is one more bucket. */
  bounds: readonly number[];
  series: readonly Series[];
}>;

type Counted = { readonly labels: string; readonly counts: number[]; count: number; sum: number };

/** Counts values by size, for each set of labels apart. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Counted>();

  constructor({ name, help, bounds }: Omit<HistogramState, "series">) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** Labels as they are shown, `door="grpc"`. Each has few values: neither an id nor a text of a caller is among them. */
  record(labels: string, value: number): void {
    const series = this.#series.get(labels) ?? this.#newSeries(labels);
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.count += 1;
    series.sum += value;
  }

  state(): HistogramState {
    const series = [...this.#series.values()].map((each) => ({ ...each, counts: [...each.counts] }));
    return { name: this.#name, help: this.#help, bounds: this.#bounds, series };
  }

  #newSeries(labels: string): Counted {
    const series = { labels, counts: this.#bounds.map(() => 0), count: 0, sum: 0 };
    this.#series.set(labels, series);
    return series;
  }
}
