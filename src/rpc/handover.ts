/** Hands messages over to whoever pulls them, one at a time: each is taken when the next one is asked for. */
export class Handover<T> {
  #offer: Readonly<{ message: T; taken: () => void }> | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  put(message: T, taken: () => void): void {
    this.#offer = { message, taken };
    this.#wake?.();
  }

  /** What is offered may still be taken. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const offer = this.#offer;
      if (offer) {
        this.#offer = undefined;
        yield offer.message;
        offer.taken();
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
