/** Upper bounds in seconds. From a group commit on a fast disk (1 ms) to the longest call by default (60 s). */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const;

/** The labels of one series. Each has few values: neither an id nor a text of a caller is among them. */
export type CallLabels = Readonly<{ method: string; door: string; code: string }>;

type Series = { readonly labels: string; readonly counts: number[]; count: number; sumSeconds: number };

/** How many calls ended how, and how long they took, as Prometheus reads it. */
export class CallMetrics {
  readonly #series = new Map<string, Series>();

  record({ method, door, code }: CallLabels, durationMs: number): void {
    const labels = `method="${method}",door="${door}",code="${code}"`;
    const series = this.#series.get(labels) ?? this.#newSeries(labels);
    const seconds = durationMs / 1_000;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.count += 1;
    series.sumSeconds += seconds;
  }

  /** In the text format 0.0.4. */
  text(): string {
    const lines = [
      "# HELP pleyor_credits_call_seconds How long calls took, by how they ended.",
      "# TYPE pleyor_credits_call_seconds histogram",
      ...[...this.#series.values()].flatMap(linesOf),
    ];
    return `${lines.join("\n")}\n`;
  }

  #newSeries(labels: string): Series {
    const series = { labels, counts: BUCKETS.map(() => 0), count: 0, sumSeconds: 0 };
    this.#series.set(labels, series);
    return series;
  }
}

function linesOf({ labels, counts, count, sumSeconds }: Series): string[] {
  let upTo = 0;
  const buckets = BUCKETS.map((bound, index) => {
    upTo += counts[index] ?? 0;
    return `pleyor_credits_call_seconds_bucket{${labels},le="${bound}"} ${upTo}`;
  });
  return [
    ...buckets,
    `pleyor_credits_call_seconds_bucket{${labels},le="+Inf"} ${count}`,
    `pleyor_credits_call_seconds_sum{${labels}} ${sumSeconds}`,
    `pleyor_credits_call_seconds_count{${labels}} ${count}`,
  ];
}
