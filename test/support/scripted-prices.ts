import type { Prices } from "../../src/service/pricing/prices.ts";

/** Prices that answer what a test tells them to, whatever is asked. */
export class ScriptedPrices implements Prices {
  #answer: () => unknown = () => {
    throw new Error("no answer was scripted");
  };

  always(answer: () => unknown): void {
    this.#answer = answer;
  }

  listModels: Prices["listModels"] = () => this.#play();
  getModel: Prices["getModel"] = () => this.#play();
  estimateCost: Prices["estimateCost"] = () => this.#play();
  estimateRun: Prices["estimateRun"] = () => this.#play();
  publishRateCard: Prices["publishRateCard"] = () => this.#play();
  getRateCard: Prices["getRateCard"] = () => this.#play();
  listRateCards: Prices["listRateCards"] = () => this.#play();

  async #play<T>(): Promise<T> {
    return (await this.#answer()) as T;
  }
}
