import { fileURLToPath } from "node:url";
import type { Catalogue } from "../../src/domain/plans/catalogue.ts";
import type { RateCardVersion } from "../../src/domain/pricing/rate-card-book.ts";
import type { Time } from "../../src/domain/time.ts";
import { DAY } from "../../src/domain/time.ts";
import { readExampleCard } from "../../src/rpc/pricing/example-card.ts";
import { createCalendar } from "../../src/service/calendar.ts";
import { readCatalogueFile } from "../../src/service/catalogue-file.ts";
import { insertCatalogue } from "../../src/storage/catalogue-rows.ts";
import { putModelKinds } from "../../src/storage/model-kind-rows.ts";
import type { Orm } from "../../src/storage/orm.ts";
import { insertVersion } from "../../src/storage/rate-card-store.ts";
import { toRowRateCard } from "../../src/storage/rate-card-text.ts";
import { rateCardsOf } from "./model-calls.ts";
import type { Rulebook } from "./organization-ledger.ts";

const CATALOGUE = fileURLToPath(new URL("../../catalogue/plans.json", import.meta.url));
/** Before everything that is seeded. */
const IN_EFFECT_FOR = 400n * DAY;

/** The example's plans and prices, as if they had been published before it all began. */
export function readRulebook(now: Time): Rulebook {
  const catalogue = readCatalogue(now);
  const plans = { calendar: createCalendar(), catalogueAt: () => catalogue };
  return { plans, rateCards: rateCardsOf(readExampleCard()) };
}

/** Stores what the rulebook decides by, so that the service goes on by the same. */
export async function storeRulebook(orm: Orm, now: Time): Promise<void> {
  const database = orm.em.fork().getKysely<unknown>();
  await insertCatalogue(database, readCatalogue(now), undefined);
  const card = readExampleCard();
  const time = now - IN_EFFECT_FOR;
  const version: RateCardVersion = {
    version: 1n,
    effectiveTime: time,
    publishTime: time,
    publisher: "system",
    title: card.title,
    modelCount: card.models.length,
  };
  await insertVersion(database, version, undefined, toRowRateCard(card));
  await putModelKinds(database, card.models, version.version);
}

function readCatalogue(now: Time): Catalogue {
  return { version: 1, effectiveTime: now - IN_EFFECT_FOR, ...readCatalogueFile(CATALOGUE) };
}
