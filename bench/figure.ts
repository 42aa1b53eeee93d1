import { median } from "./load/latencies.ts";

/** One run of one subject. CPU is in microseconds a call; undefined where nothing was used or it can't be told. */
export type Sample = Readonly<{
  perSecond: number;
  serverMicros: number | undefined;
  postgresMicros: number | undefined;
  loadMicros: number | undefined;
  medianMs: number | undefined;
  p99Ms: number | undefined;
  /** How much of all cores other programs took meanwhile, from 0 to 1: with much of it, repeat the run. */
  othersShare: number | undefined;
}>;

/** A subject's interleaved runs, and of each quantity the middle one. */
export type Figure = Readonly<{ name: string; unit: string; middle: Sample; samples: readonly Sample[] }>;

export function figureOf(name: string, unit: string, samples: readonly Sample[]): Figure {
  const middleOf = (pick: (sample: Sample) => number | undefined): number | undefined => {
    const values = samples.flatMap((sample) => pick(sample) ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  const middle: Sample = {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    serverMicros: middleOf(({ serverMicros }) => serverMicros),
    postgresMicros: middleOf(({ postgresMicros }) => postgresMicros),
    loadMicros: middleOf(({ loadMicros }) => loadMicros),
    medianMs: middleOf(({ medianMs }) => medianMs),
    p99Ms: middleOf(({ p99Ms }) => p99Ms),
    othersShare: middleOf(({ othersShare }) => othersShare),
  };
  return { name, unit, middle, samples };
}

/** How a subject stands against another: more than 1 is faster. */
export type Comparison = Readonly<{
  unit: "x";
  /**
   * In calls a second: the middle of what it was in each round, so that a machine that is busier in one round than
   * in the next changes both sides of a ratio, and not the ratio.
   */
  value: number;
  /** In calls for one CPU of server and PostgreSQL together: what else the machine does changes it least. */
  byCpu: number;
}>;

export function comparison(figure: Figure, against: Figure): Comparison {
  const pairs = figure.samples.flatMap((sample, round) => {
    const other = against.samples[round];
    return other ? [{ sample, other }] : [];
  });
  return {
    unit: "x",
    value: median(pairs.map(({ sample, other }) => sample.perSecond / other.perSecond)),
    byCpu: median(pairs.map(({ sample, other }) => cpuMicros(other) / cpuMicros(sample))),
  };
}

function cpuMicros({ serverMicros = 0, postgresMicros = 0 }: Sample): number {
  return serverMicros + postgresMicros;
}
