/**
 * Loads by key, for many who want the same at once. Who comes while a load is under
 * way shares the next one with all the others: what it gives was read after they asked.
 */
export class SharedLoads<T> {
  readonly #running = new Map<string, Promise<T>>();
  readonly #next = new Map<string, Promise<T>>();

  get(key: string, load: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (!running) return this.#begin(key, load);
    const shared = this.#next.get(key);
    if (shared) return shared;
    const begin = (): Promise<T> => {
      this.#next.delete(key);
      return this.#begin(key, load);
    };
    const next = running.then(begin, begin);
    this.#next.set(key, next);
    return next;
  }

  #begin(key: string, load: () => Promise<T>): Promise<T> {
    const running = load().finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    this.#running.set(key, running);
    return running;
  }
}
