import { type Catalogue, EMPTY_CATALOGUE } from "../domain/plans/catalogue.ts";
import type { Time } from "../domain/time.ts";

type SelectAfter = (version: number) => Promise<readonly Catalogue[]>;

/**
 * Every version of the catalogue that this server has seen; a version never
 * changes. People edit catalogues, so that there are some hundreds in years.
 *
 * Who needs the newest looks for it in the database, which costs one look at an
 * index: so a new version counts on every server from its commit on.
 */
export class CatalogueHistory {
  #versions: readonly Catalogue[] = [];

  get latest(): Catalogue {
    return this.#versions.at(-1) ?? EMPTY_CATALOGUE;
  }

  /** The catalogue that counted at a moment. */
  readonly at = (time: Time): Catalogue =>
    this.#versions.findLast(({ effectiveTime }) => effectiveTime <= time) ?? EMPTY_CATALOGUE;

  /** Learns of what was published since. Several may look at once, and see more or less. */
  async refresh(selectAfter: SelectAfter): Promise<this> {
    const found = await selectAfter(this.latest.version);
    const { version } = this.latest;
    this.#versions = [...this.#versions, ...found.filter((catalogue) => catalogue.version > version)];
    return this;
  }
}
