import { randomFillSync } from "node:crypto";
import { v4, v7 } from "uuid";
import type { Time } from "../../src/domain/time.ts";

/** Version 7 begins with its time, so that new ones come after all others; version 4 is random throughout. */
export type RequestIdVersion = "v4" | "v7";

const MICROS_PER_MILLI = 1_000n;
/** The bits that a version 7 id has for its place in its millisecond. */
const SEQUENCE_MAX = 2 ** 32;
const RANDOM_BYTES = 16;
/** Asking the system for random bytes for each few ids took a sixth of the whole seeding. */
const RANDOM_POOL_BYTES = 4_096 * RANDOM_BYTES;

/** Ids as they were made at times that have passed. */
export class TimedIds {
  static readonly #pool = new Uint8Array(RANDOM_POOL_BYTES);
  static #poolAt = RANDOM_POOL_BYTES;
  readonly #requestIds: RequestIdVersion;
  #sequence = 0;

  constructor(requestIds: RequestIdVersion) {
    this.#requestIds = requestIds;
  }

  /** As the server makes them: of two of one millisecond, the second is the larger one. */
  next(time: Time): string {
    this.#sequence = (this.#sequence + 1) % SEQUENCE_MAX;
    return v7({ msecs: Number(time / MICROS_PER_MILLI), seq: this.#sequence, random: TimedIds.#random() });
  }

  /** As callers make them. */
  nextRequestId(time: Time): string {
    return this.#requestIds === "v4" ? v4({ random: TimedIds.#random() }) : this.next(time);
  }

  static #random(): Uint8Array {
    if (TimedIds.#poolAt === RANDOM_POOL_BYTES) {
      randomFillSync(TimedIds.#pool);
      TimedIds.#poolAt = 0;
    }
    TimedIds.#poolAt += RANDOM_BYTES;
    return TimedIds.#pool.subarray(TimedIds.#poolAt - RANDOM_BYTES, TimedIds.#poolAt);
  }
}
