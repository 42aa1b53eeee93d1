import type { MetricsState } from "../telemetry/metrics-state.ts";

/** Questions that a worker has asked its primary, until they are answered. */
export class MetricsQuestions {
  readonly #send: (question: number) => void;
  readonly #open = new Map<number, (metrics: MetricsState) => void>();
  #asked = 0;

  constructor(send: (question: number) => void) {
    this.#send = send;
  }

  /** Resolves to the metrics of all workers together. A primary that is gone takes the one who asks with it. */
  ask(): Promise<MetricsState> {
    this.#asked += 1;
    const question = this.#asked;
    return new Promise((resolve) => {
      this.#open.set(question, resolve);
      this.#send(question);
    });
  }

  answer(question: number, metrics: MetricsState): void {
    this.#open.get(question)?.(metrics);
    this.#open.delete(question);
  }
}
