import { PricedRateCard } from "../../domain/pricing/priced-rate-card.ts";
import { RateCardBook, type RateCardVersion } from "../../domain/pricing/rate-card-book.ts";
import type { Time } from "../../domain/time.ts";
import type { RateCardStore } from "../../storage/rate-card-store.ts";
import { settingsValidator } from "./settings-validator.ts";

/** Cards that are kept in memory, the last ones used: one of 2,500 models takes some 30 MB. */
const CARDS_MAX = 8;

/** Which cards there are, as of a moment of the database's clock. */
export type BookReading = Readonly<{ book: RateCardBook; now: Time }>;

/**
 * The rate cards as this server has them at hand. Cards never change and versions have no gaps, so whether the
 * book is complete is told by the number of the newest; each use asks the database for that, so that no server
 * goes by an older card than another, and no clock but the database's counts (R-PRICE-1).
 */
export class RateCardShelf {
  readonly #store: RateCardStore;
  readonly #cards = new Map<bigint, Promise<PricedRateCard>>();
  #versions: readonly RateCardVersion[] = [];
  #book = new RateCardBook([]);
  #asking: Promise<unknown> = Promise.resolve();
  #nextAnswer: Promise<BookReading> | undefined;

  constructor(store: RateCardStore) {
    this.#store = store;
  }

  /** What is current now. Calls that come while the database is being asked share the next question. */
  look(): Promise<BookReading> {
    this.#nextAnswer ??= this.#asking.then(() => {
      this.#nextAnswer = undefined;
      const answer = this.#ask();
      this.#asking = answer.catch(() => undefined);
      return answer;
    });
    return this.#nextAnswer;
  }

  /** All cards up to this version, at least. */
  async upTo(newest: bigint): Promise<RateCardBook> {
    if (newest > this.#newest) {
      const before = this.#versions;
      const more = await this.#store.versionsAfter(this.#newest);
      // Another call may have been faster.
      if (this.#versions === before && more.length > 0) {
        this.#versions = [...before, ...more];
        this.#book = new RateCardBook(this.#versions);
      }
    }
    return this.#newest >= newest ? this.#book : this.upTo(newest);
  }

  card(version: bigint): Promise<PricedRateCard> {
    const known = this.#cards.get(version) ?? this.#load(version);
    // The last one used comes last, so that the first one is the one to go.
    this.#cards.delete(version);
    this.#cards.set(version, known);
    const [oldest] = this.#cards.keys();
    if (this.#cards.size > CARDS_MAX && oldest !== undefined) this.#cards.delete(oldest);
    return known;
  }

  get #newest(): bigint {
    return this.#versions.at(-1)?.version ?? 0n;
  }

  async #ask(): Promise<BookReading> {
    const { version, now } = await this.#store.newest();
    return { book: await this.upTo(version), now };
  }

  #load(version: bigint): Promise<PricedRateCard> {
    const loading = this.#store
      .content(version)
      .then((card) => new PricedRateCard(version, card, settingsValidator));
    // Nobody should meet this failure again.
    loading.catch(() => this.#cards.delete(version));
    return loading;
  }
}
