import type { EntityManager } from "@mikro-orm/postgresql";
import type { Kysely } from "kysely";
import type { Catalogue, CatalogueContent } from "../domain/plans/catalogue.ts";
import { laterOf } from "../domain/time.ts";
import {
  insertCatalogue,
  lockCatalogue,
  type Publication,
  selectCataloguesAfter,
  selectPlansInUse,
  selectPublication,
} from "./catalogue-rows.ts";
import { inTransaction } from "./database-transaction.ts";
import { readClock } from "./organization-clock.ts";
import type { Orm } from "./orm.ts";

/** One database transaction over the catalogue, which nobody else publishes or decides by meanwhile. */
export class CatalogueUnit {
  readonly #em: EntityManager;

  private constructor(em: EntityManager) {
    this.#em = em;
  }

  static run<T>(orm: Orm, work: (unit: CatalogueUnit) => Promise<T>): Promise<T> {
    return inTransaction(orm, "write", async (em) => {
      const unit = new CatalogueUnit(em);
      await lockCatalogue(unit.#database, "to publish");
      return work(unit);
    });
  }

  after(version: number): Promise<readonly Catalogue[]> {
    return selectCataloguesAfter(this.#database, version);
  }

  /** What an earlier request with this id published (R-REQ-1). */
  publication(requestId: string): ReturnType<typeof selectPublication> {
    return selectPublication(this.#database, requestId);
  }

  plansInUse(planIds: readonly string[]): Promise<readonly string[]> {
    return selectPlansInUse(this.#database, planIds);
  }

  /** Publishes the version after `previous`: it counts from now on. */
  async publish(
    content: CatalogueContent,
    previous: Catalogue,
    publication: Publication | undefined,
  ): Promise<Catalogue> {
    const clock = await readClock(this.#database, "database", []);
    // A clock that was set back must not put a version before the last one.
    const effectiveTime = laterOf(clock(""), previous.effectiveTime + 1n);
    const catalogue = { ...content, version: previous.version + 1, effectiveTime };
    await insertCatalogue(this.#database, catalogue, publication);
    return catalogue;
  }

  get #database(): Kysely<unknown> {
    return this.#em.getKysely<unknown>();
  }
}
