import type { BatchGround } from "../../../src/service/batch.ts";
import { createCalendar } from "../../../src/service/calendar.ts";
import { CatalogueHistory } from "../../../src/service/catalogue-history.ts";
import type { Orm } from "../../../src/storage/orm.ts";

/** What batches are committed with where a test does without a server. */
export function batchGround(orm: Orm): BatchGround {
  return { orm, calendar: createCalendar(), catalogues: new CatalogueHistory(), clocks: "database" };
}
