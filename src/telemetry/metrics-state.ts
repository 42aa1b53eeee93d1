import type { HistogramState, Series } from "./histogram.ts";

/** All metrics of a process, or of several together. */
export type MetricsState = readonly HistogramState[];

/** What several processes counted, as if one had. */
export function sumOfMetrics(states: readonly MetricsState[]): MetricsState {
  const sums = new Map<string, HistogramState>();
  for (const histogram of states.flat()) {
    const earlier = sums.get(histogram.name);
    const series = earlier ? sumOfSeries([...earlier.series, ...histogram.series]) : histogram.series;
    sums.set(histogram.name, { ...histogram, series });
  }
  return [...sums.values()];
}

/** In the text format 0.0.4, as Prometheus reads it. */
export function metricsText(state: MetricsState): string {
  const lines = state.flatMap((histogram) => [
    `# HELP ${histogram.name} ${histogram.help}`,
    `# TYPE ${histogram.name} histogram`,
    ...histogram.series.flatMap((series) => linesOf(histogram, series)),
  ]);
  return `${lines.join("\n")}\n`;
}

function sumOfSeries(all: readonly Series[]): readonly Series[] {
  const sums = new Map<string, Series>();
  for (const series of all) {
    const earlier = sums.get(series.labels);
    sums.set(series.labels, earlier ? added(earlier, series) : series);
  }
  return [...sums.values()];
}

function added(left: Series, right: Series): Series {
  return {
    labels: left.labels,
    counts: left.counts.map((count, bucket) => count + (right.counts[bucket] ?? 0)),
    count: left.count + right.count,
    sum: left.sum + right.sum,
  };
}

function linesOf({ name, bounds }: HistogramState, { labels, counts, count, sum }: Series): string[] {
  let upTo = 0;
  const before = labels === "" ? "" : `${labels},`;
  const buckets = bounds.map((bound, index) => {
    upTo += counts[index] ?? 0;
    return `${name}_bucket{${before}le="${bound}"} ${upTo}`;
  });
  const shown = labels === "" ? "" : `{${labels}}`;
  return [
    ...buckets,
    `${name}_bucket{${before}le="+Inf"} ${count}`,
    `${name}_sum${shown} ${sum}`,
    `${name}_count${shown} ${count}`,
  ];
}
