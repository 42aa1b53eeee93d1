import { MINUTE, type Span, type Time } from "../time.ts";
import type { RateCardRefusal } from "./refusal.ts";

/** For how long after it was superseded a rate card still holds for those who were shown its prices (R-PRICE-4). */
export const QUOTE_SPAN: Span = 15n * MINUTE;

/** A published rate card, without its models. */
export type RateCardVersion = Readonly<{
  version: bigint;
  effectiveTime: Time;
  publishTime: Time;
  publisher: string;
  title: string;
  modelCount: number;
}>;

export type RateCardState = "SCHEDULED" | "CURRENT" | "SUPERSEDED";

/**
 * All published rate cards, by effective time; of two with one time the later version counts. Which card prices a
 * call depends on the time alone, so every server agrees (R-PRICE-1).
 */
export class RateCardBook {
  readonly #versions: readonly RateCardVersion[];

  constructor(versions: readonly RateCardVersion[]) {
    this.#versions = versions.toSorted(byEffectiveTime);
  }

  /** Newest first. */
  get versions(): readonly RateCardVersion[] {
    return this.#versions.toSorted((left, right) => (left.version < right.version ? 1 : -1));
  }

  find(version: bigint): RateCardVersion | undefined {
    return this.#versions.find((each) => each.version === version);
  }

  /** Undefined before the first card's time. */
  current(now: Time): RateCardVersion | undefined {
    return this.#versions.findLast(({ effectiveTime }) => effectiveTime <= now);
  }

  /** When another card takes its place, as far as is known now; it never prices if that is its effective time. */
  supersedeTime(version: bigint): Time | undefined {
    const index = this.#versions.findIndex((each) => each.version === version);
    return index < 0 ? undefined : this.#versions[index + 1]?.effectiveTime;
  }

  state({ version, effectiveTime }: RateCardVersion, now: Time): RateCardState {
    if (effectiveTime > now) return "SCHEDULED";
    return this.current(now)?.version === version ? "CURRENT" : "SUPERSEDED";
  }

  /**
   * The card that a new reservation is priced by: the one that it names, while that holds, else the current one.
   *
   * Refusals: RATE_CARD_NOT_FOUND, RATE_CARD_STALE.
   */
  quoted(named: bigint | undefined, now: Time): RateCardVersion | Readonly<{ refusal: RateCardRefusal }> {
    const current = this.current(now);
    const found = named === undefined ? current : this.find(named);
    if (found === undefined || current === undefined) {
      return { refusal: { reason: "RATE_CARD_NOT_FOUND", version: named } };
    }
    const { version } = found;
    const supersedeTime = this.supersedeTime(version);
    const isHolding =
      found.effectiveTime <= now && (supersedeTime === undefined || now < supersedeTime + QUOTE_SPAN);
    if (isHolding) return found;
    return {
      refusal: { reason: "RATE_CARD_STALE", version, currentVersion: current.version, supersedeTime },
    };
  }
}

function byEffectiveTime(left: RateCardVersion, right: RateCardVersion): number {
  if (left.effectiveTime !== right.effectiveTime) return left.effectiveTime < right.effectiveTime ? -1 : 1;
  return left.version < right.version ? -1 : 1;
}
