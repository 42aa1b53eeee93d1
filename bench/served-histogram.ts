/** A histogram of a server's metrics: how many values lie at or below each bound, and their sum. */
export type Distribution = Readonly<{ bounds: readonly number[]; upTo: readonly number[]; sum: number }>;

/** What came to a histogram between two looks. */
export type Between = Readonly<{ count: number; mean: number; quantile: (share: number) => number }>;

/** The series with these labels, from the text that Prometheus reads. All of them are there once a value was recorded. */
export function readDistribution(text: string, name: string, labels: string): Distribution {
  const before = labels === "" ? "" : `${labels},`;
  const shown = labels === "" ? "" : `{${labels}}`;
  const lines = text.split("\n");
  const buckets = lines.flatMap((line) => {
    const head = `${name}_bucket{${before}le="`;
    if (!line.startsWith(head)) return [];
    const [bound = "", count = ""] = line.slice(head.length).split('"} ');
    return [{ bound: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound), count: Number(count) }];
  });
  const sumLine = lines.find((line) => line.startsWith(`${name}_sum${shown} `)) ?? "";
  return {
    bounds: buckets.map(({ bound }) => bound),
    upTo: buckets.map(({ count }) => count),
    sum: Number(sumLine.slice(sumLine.lastIndexOf(" ") + 1)),
  };
}

export function difference(after: Distribution, before: Distribution): Between {
  const upTo = after.upTo.map((count, index) => count - (before.upTo[index] ?? 0));
  const count = upTo.at(-1) ?? 0;
  return {
    count,
    mean: (after.sum - before.sum) / count,
    quantile: (share) => quantileOf(after.bounds, upTo, share * count),
  };
}

/** Within a bucket, values are taken to be spread evenly; above the last bound, there is no telling. */
function quantileOf(bounds: readonly number[], upTo: readonly number[], rank: number): number {
  const index = upTo.findIndex((count) => count >= rank);
  const [low, high] = [bounds[index - 1] ?? 0, bounds[index] ?? Number.POSITIVE_INFINITY];
  const below = upTo[index - 1] ?? 0;
  const within = (upTo[index] ?? 0) - below;
  return within === 0 ? high : low + ((high - low) * (rank - below)) / within;
}
