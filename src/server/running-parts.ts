/** What has to be stopped, the last one first: each stands on those before it. */
export class RunningParts {
  readonly #stops: (() => Promise<void>)[] = [];

  started(stop: () => Promise<void>): void {
    this.#stops.push(stop);
  }

  async stopAll(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      await stop();
    }
  }
}
