import type { RateCard } from "../../domain/pricing/model.ts";
import { createOrm, type OrmSettings } from "../../storage/orm.ts";
import { RateCardStore } from "../../storage/rate-card-store.ts";
import { Publication } from "./publication.ts";
import { RateCardShelf } from "./rate-card-shelf.ts";

/** The rate card of a new installation. Of servers that start together, one publishes it. */
export async function installRateCard(database: OrmSettings, read: () => RateCard): Promise<void> {
  const orm = createOrm({ ...database, connectionsMax: 1 });
  try {
    const store = new RateCardStore(orm);
    await new Publication(store, new RateCardShelf(store)).publishFirst(read);
  } finally {
    await orm.close(true);
  }
}
