import { invariant } from "../../domain/invariant.ts";
import type { Command, Request } from "../../domain/ledger/command.ts";
import type { RateCards } from "../../domain/ledger/model-call.ts";
import type { PricedRateCard } from "../../domain/pricing/priced-rate-card.ts";
import type { RateCardBook } from "../../domain/pricing/rate-card-book.ts";
import { laterOf } from "../../domain/time.ts";
import type { LedgerUnit } from "../../storage/ledger-unit.ts";
import type { OrganizationClock } from "../../storage/organization-clock.ts";
import type { RateCardShelf } from "./rate-card-shelf.ts";

/** Loads, once the batch's reservations and clock are at hand, the cards that its requests are priced by. */
export type LoadRateCards = (clock: OrganizationClock) => Promise<RateCards | undefined>;

/**
 * Keeps a batch and the publication of rate cards apart, if the batch prices anything; to be called before its
 * clock is read. So a change at or after a card's effective time always saw the card (R-PRICE-1).
 */
export async function holdRateCards(
  unit: LedgerUnit,
  requests: readonly Request[],
  locked: Promise<void>,
  shelf: RateCardShelf | undefined,
): Promise<LoadRateCards> {
  const priced = requests.filter(({ command }) => isPriced(command));
  if (priced.length === 0 || shelf === undefined) return async () => undefined;
  await locked;
  const book = await shelf.upTo(await unit.holdRateCards());
  return async (clock) => {
    const versions = new Set(priced.flatMap((request) => versionsFor(unit, request, book, clock)));
    const cards = new Map<bigint, PricedRateCard>();
    for (const version of versions) cards.set(version, await shelf.card(version));
    return rateCardsOf(book, cards);
  };
}

function isPriced(command: Command): boolean {
  if (command.kind === "batchReserveCredits") return command.items.some(({ call }) => call !== undefined);
  return "call" in command || "usage" in command || "metered" in command;
}

function versionsFor(
  unit: LedgerUnit,
  { organizationId, command }: Request,
  book: RateCardBook,
  clock: OrganizationClock,
): readonly bigint[] {
  const { account, reservations } = unit.ledger(organizationId);
  if (command.kind === "settleReservation") {
    const pinned = reservations.get(command.reservationId)?.pricing?.rateCardVersion;
    return pinned === undefined ? [] : [pinned];
  }
  return quotesOf(command).flatMap((named) => {
    const quoted = book.quoted(named, laterOf(clock(organizationId), account.updateTime));
    return "refusal" in quoted ? [] : [quoted.version];
  });
}

/** The version that each priced part names, or undefined for the current one. */
function quotesOf(command: Command): readonly (bigint | undefined)[] {
  if (command.kind === "chargeCredits") return command.metered ? [command.metered.rateCardVersion] : [];
  const items = command.kind === "batchReserveCredits" ? command.items : [];
  const all = command.kind === "reserveCredits" ? [command] : items;
  return all.flatMap(({ call }) => (call ? [call.rateCardVersion] : []));
}

function rateCardsOf(book: RateCardBook, cards: ReadonlyMap<bigint, PricedRateCard>): RateCards {
  const pinned = (version: bigint): PricedRateCard => {
    const card = cards.get(version);
    invariant(card !== undefined, `rate card ${version} is not at hand`);
    return card;
  };
  return {
    pinned,
    quoted: (named, now) => {
      const quoted = book.quoted(named, now);
      return "refusal" in quoted ? quoted : pinned(quoted.version);
    },
  };
}
