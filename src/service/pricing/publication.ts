import { createHash } from "node:crypto";
import type { RateCard } from "../../domain/pricing/model.ts";
import { PricedRateCard } from "../../domain/pricing/priced-rate-card.ts";
import { RateCardBook, type RateCardVersion } from "../../domain/pricing/rate-card-book.ts";
import { canonicalModel, compareSteps, type ModelChange } from "../../domain/pricing/rate-card-difference.ts";
import type { PublishRefusal } from "../../domain/pricing/refusal.ts";
import type { Time } from "../../domain/time.ts";
import type { PublicationOutcome, RateCardStore } from "../../storage/rate-card-store.ts";
import type { Answer } from "../receipt.ts";
import type { PublicationReused, Published, PublishRequest } from "./prices.ts";
import { inspectRateCard } from "./rate-card-inspection.ts";
import type { RateCardShelf } from "./rate-card-shelf.ts";
import { settingsValidator } from "./settings-validator.ts";
import { inTurns } from "./turns.ts";

type Outcome = Answer<Published, PublishRefusal | PublicationReused>;

/** Publishes rate cards: whole, or not at all. */
export class Publication {
  readonly #store: RateCardStore;
  readonly #shelf: RateCardShelf;

  constructor(store: RateCardStore, shelf: RateCardShelf) {
    this.#store = store;
    this.#shelf = shelf;
  }

  /** A faulty card was never accepted, so looking at it first takes nothing from a repeated request (R-REQ-1). */
  async publish(request: PublishRequest, signal: AbortSignal): Promise<Outcome> {
    const { card, effectiveTime, publisher, requestId } = request;
    const invalid = await inspectRateCard(card, signal);
    if (invalid !== undefined) return { refusal: invalid };
    if (request.dryRun) return this.#rehearse(request, signal);
    const fingerprint = await inTurns(fingerprintSteps(request), signal);
    const outcome = await this.#store.publish({
      card,
      effectiveTime,
      publisher,
      request: { requestId, fingerprint },
    });
    return this.#answer(request, outcome, signal);
  }

  /** The card of a database that has none; servers that start together publish one. */
  async publishFirst(read: () => RateCard): Promise<void> {
    const { version } = await this.#store.newest();
    if (version > 0n) return;
    const card = read();
    const invalid = await inspectRateCard(card, new AbortController().signal);
    if (invalid !== undefined) throw new Error(`the first rate card is faulty: ${show(invalid.faults[0])}`);
    await this.#store.publish({ card, effectiveTime: undefined, publisher: "system", request: undefined });
  }

  async #rehearse({ card, effectiveTime }: PublishRequest, signal: AbortSignal): Promise<Outcome> {
    const { book, now } = await this.#shelf.look();
    if (effectiveTime !== undefined && effectiveTime < now) {
      return { refusal: { reason: "EFFECTIVE_TIME_PASSED", effectiveTime, now } };
    }
    const changes = await this.#changes(book, effectiveTime ?? now, card, signal);
    return { value: { reading: undefined, changes, replayed: false } };
  }

  async #answer(request: PublishRequest, outcome: PublicationOutcome, signal: AbortSignal): Promise<Outcome> {
    switch (outcome.outcome) {
      case "passed": {
        const { effectiveTime = 0n } = request;
        return { refusal: { reason: "EFFECTIVE_TIME_PASSED", effectiveTime, now: outcome.now } };
      }
      case "reused":
        return { refusal: reused(request.requestId, outcome.version) };
      case "published":
      case "replayed":
        return { value: await this.#published(request, outcome, signal) };
      case "not first":
        throw new Error("a request was published as the first card");
    }
  }

  async #published(
    { card }: PublishRequest,
    { outcome, version }: Extract<PublicationOutcome, { version: RateCardVersion }>,
    signal: AbortSignal,
  ): Promise<Published> {
    const { book, now } = await this.#shelf.look();
    // What it differed from when it was published: what came later does not change the first answer.
    const before = new RateCardBook(book.versions.filter((each) => each.version < version.version));
    const changes = await this.#changes(before, version.effectiveTime, card, signal);
    const replayed = outcome === "replayed";
    return { reading: { version, state: book.state(version, now) }, changes, replayed };
  }

  async #changes(
    book: RateCardBook,
    at: Time,
    card: RateCard,
    signal: AbortSignal,
  ): Promise<readonly ModelChange[]> {
    const current = book.current(at);
    const previous = current && (await this.#shelf.card(current.version));
    return inTurns(compareSteps(previous, new PricedRateCard(0n, card, settingsValidator)), signal);
  }
}

/** R-REQ-2: SHA-256 over the request's content. */
function* fingerprintSteps({ card, effectiveTime }: PublishRequest): Generator<void, string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(["publishRateCard.1", card.title, effectiveTime?.toString() ?? null]));
  for (const model of card.models) {
    hash.update(`\n${canonicalModel(model)}`);
    yield;
  }
  return hash.digest("hex");
}

function reused(requestId: string, { effectiveTime, version }: RateCardVersion): PublicationReused {
  const first = { kind: "PUBLICATION", effectiveTime, versions: [version] } as const;
  return { reason: "REQUEST_ID_REUSED", requestId, first };
}

function show(fault: { modelId: string; place: string; problem: string } | undefined): string {
  return fault === undefined ? "" : `${fault.modelId} ${fault.place}: ${fault.problem}`;
}
