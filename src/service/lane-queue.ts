import type { BatchItem, Outcome } from "./batch.ts";

/** An item that waits for its batch. */
export type Waiting = BatchItem & {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
  /** When it came, in milliseconds. */
  readonly since: number;
  /** Whether nothing of its organization waited then. */
  readonly first: boolean;
  /** Whether it is the first of its call; a call may have a thousand. */
  readonly leads: boolean;
};

/** What waits in a lane: by organization, in the order in which their turns come. The items of one keep their order. */
export class LaneQueue {
  #queues = new Map<string, Waiting[]>();
  #size = 0;
  #calls = 0;

  get size(): number {
    return this.#size;
  }

  /** Calls of which nothing was taken yet. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * How many items are taken before a new one of this organization, if it takes its turns: no more of each other
   * organization than there are of its own. At the most; counting it exactly would mean looking at each of them.
   */
  ahead(organizationId: string): number {
    const own = this.sizeOf(organizationId);
    const organizations = this.#queues.size + (own === 0 ? 1 : 0);
    return Math.min(this.#size, (own + 1) * organizations - 1);
  }

  sizeOf(organizationId: string): number {
    return this.#queues.get(organizationId)?.length ?? 0;
  }

  add(waiting: Waiting): void {
    const queue = this.#queues.get(waiting.organizationId);
    if (queue) queue.push(waiting);
    else this.#queues.set(waiting.organizationId, [waiting]);
    this.#size += 1;
    if (waiting.leads) this.#calls += 1;
  }

  /** One item of each organization in turn, of so many organizations, until there are enough. Who has left is dropped. */
  take(itemsMax: number, organizationsMax: number): readonly Waiting[] {
    const taken: Waiting[] = [];
    const turns = [...this.#queues.entries().take(organizationsMax)];
    const positions = new Map<string, number>();
    for (let round = 0, taking = true; taking; round += 1) {
      taking = false;
      for (const [organizationId, queue] of turns) {
        const waiting = queue[round];
        if (waiting === undefined || taken.length >= itemsMax) continue;
        taking = true;
        positions.set(organizationId, round + 1);
        if (!dropped(waiting)) taken.push(waiting);
      }
    }
    for (const [organizationId, count] of positions) this.#dequeue(organizationId, count);
    return taken;
  }

  /** Puts items back where they were: before what has arrived since. */
  putBack(items: readonly Waiting[]): void {
    if (items.length === 0) return;
    const newer = this.#clear();
    for (const waiting of [...items, ...newer]) this.add(waiting);
  }

  /** Drops who has left meanwhile, so that nobody is refused for the sake of those. */
  dropLeft(): void {
    const stay = this.#clear().filter((waiting) => !dropped(waiting));
    for (const waiting of stay) this.add(waiting);
  }

  /** Fails all that wait. */
  rejectAll(error: unknown): void {
    for (const waiting of this.#clear()) waiting.reject(error);
  }

  /** An organization that has had its turn goes behind the others. */
  #dequeue(organizationId: string, count: number): void {
    const queue = this.#queues.get(organizationId) ?? [];
    this.#queues.delete(organizationId);
    this.#size -= count;
    for (const { leads } of queue.slice(0, count)) if (leads) this.#calls -= 1;
    if (count < queue.length) this.#queues.set(organizationId, queue.slice(count));
    // A map that has been made anew, as this one is all the time, keeps what was in it until all memory is looked through.
    queue.length = 0;
  }

  /** All items, each organization's in their order. */
  #clear(): readonly Waiting[] {
    const items = [...this.#queues.values()].flat();
    this.#queues = new Map();
    this.#size = 0;
    this.#calls = 0;
    return items;
  }
}

function dropped(waiting: Waiting): boolean {
  if (!waiting.signal?.aborted) return false;
  waiting.reject(waiting.signal.reason);
  return true;
}
