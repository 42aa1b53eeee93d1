import { Histogram } from "./histogram.ts";
import type { MetricsState } from "./metrics-state.ts";

/** Upper bounds in seconds. From a group commit on a fast disk (1 ms) to the longest call by default (60 s). */
const CALL_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const;

/** In seconds, and closer to each other: the waits and the batches of lanes are compared with each other. */
const LANE_BOUNDS = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1,
  2.5, 10, 60,
] as const;

/** How a call ended, in words of which there are few. */
export type CallLabels = Readonly<{ method: string; door: string; code: string }>;

/** A command's place when it came: whether others of its organization were waiting before it. */
export type Turn = "first" | "later";

/** What this process counts. */
export class Metrics {
  readonly #calls = new Histogram({
    name: "pleyor_credits_call_seconds",
    help: "How long calls took, by how they ended.",
    bounds: CALL_BOUNDS,
  });
  readonly #waits = new Histogram({
    name: "pleyor_credits_lane_wait_seconds",
    help: "How long commands waited for their batch: the first one waiting of its organization, and later ones.",
    bounds: LANE_BOUNDS,
  });
  readonly #batches = new Histogram({
    name: "pleyor_credits_lane_batch_seconds",
    help: "How long batches took, from their begin to their commit.",
    bounds: LANE_BOUNDS,
  });

  call({ method, door, code }: CallLabels, durationMs: number): void {
    this.#calls.record(`method="${method}",door="${door}",code="${code}"`, durationMs / 1_000);
  }

  waited(turn: Turn, waitMs: number): void {
    this.#waits.record(turn === "first" ? 'turn="first"' : 'turn="later"', waitMs / 1_000);
  }

  batch(elapsedMs: number): void {
    this.#batches.record("", elapsedMs / 1_000);
  }

  state(): MetricsState {
    return [this.#calls.state(), this.#waits.state(), this.#batches.state()];
  }
}
