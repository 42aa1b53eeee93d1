import type { Figure } from "./figure.ts";
import type { Ground } from "./ground.ts";

/**
 * What a case is about: how many times as fast one was as another (`x`), of which more is better; or how long
 * something took, what it holds or what it takes away, of which less is. `least` is what is acceptable and `aim`
 * what we are after, where a target was set.
 */
export type Target = Readonly<{
  name: string;
  value: number;
  unit: "x" | "us" | "ms" | "KB" | "%" | "times" | "batches";
  /** The same by what both cost in CPU, where two were compared. */
  byCpu?: number;
  least?: number;
  aim?: number;
}>;

/** The ledger that a case wrote, checked from its first transaction to its last. */
export type Checked = Readonly<{ what: string; transactions: number; mismatches: number }>;

export type CaseResult = Readonly<{
  figures: readonly Figure[];
  targets: readonly Target[];
  checked: readonly Checked[];
  /** What a reader must know beside the figures. */
  notes: readonly string[];
}>;

/** One question that the suite answers; `cases.ts` lists them. */
export type Case = Readonly<{
  name: string;
  title: string;
  /** Whether only `--full` runs it. */
  long: boolean;
  run: (ground: Ground) => Promise<CaseResult>;
}>;
