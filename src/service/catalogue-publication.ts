import type { Catalogue, CatalogueContent } from "../domain/plans/catalogue.ts";
import { EMPTY_CATALOGUE } from "../domain/plans/catalogue.ts";
import { catalogueFaults } from "../domain/plans/catalogue-fault.ts";
import { CatalogueUnit } from "../storage/catalogue-unit.ts";
import { contentFingerprint } from "../storage/hash-chain.ts";
import { createOrm, type Orm, type OrmSettings } from "../storage/orm.ts";
import { readCatalogueFile } from "./catalogue-file.ts";
import type { Published, Publishing, PublishRefusal } from "./plan-desk.ts";
import type { Answer } from "./receipt.ts";

/** Publishes a catalogue whole, or names all that is wrong with it. Its request ids are a scope of their own (R-REQ-1). */
export function publishCatalogue(
  orm: Orm,
  { requestId, content }: Publishing,
): Promise<Answer<Published, PublishRefusal>> {
  return CatalogueUnit.run(orm, async (unit) => {
    const fingerprint = contentFingerprint(content);
    const earlier = await unit.publication(requestId);
    if (earlier) {
      const { catalogue } = earlier;
      if (earlier.fingerprint === fingerprint) return { value: { catalogue, replayed: true } };
      return { refusal: { reason: "PUBLICATION_ID_REUSED", requestId, catalogue } };
    }
    const previous = await newest(unit);
    const faults = catalogueFaults(content, await plansMissed(unit, previous, content));
    if (faults.length > 0) return { refusal: { reason: "CATALOGUE_INVALID", faults } };
    const catalogue = await unit.publish(content, previous, { requestId, fingerprint });
    return { value: { catalogue, replayed: false } };
  });
}

/** The catalogue of a new installation, from its file. Of servers that start together, one does it. Throws CatalogueError. */
export async function installCatalogue(database: OrmSettings, path: string): Promise<void> {
  const orm = createOrm({ ...database, connectionsMax: 1 });
  try {
    await CatalogueUnit.run(orm, async (unit) => {
      const previous = await newest(unit);
      if (previous.version === 0) await unit.publish(readCatalogueFile(path), previous, undefined);
    });
  } finally {
    await orm.close(true);
  }
}

async function newest(unit: CatalogueUnit): Promise<Catalogue> {
  return (await unit.after(0)).at(-1) ?? EMPTY_CATALOGUE;
}

/** Each published catalogue has every plan that somebody is on, so only those that would go need a look. */
async function plansMissed(
  unit: CatalogueUnit,
  previous: Catalogue,
  { plans }: CatalogueContent,
): Promise<ReadonlySet<string>> {
  const kept = new Set(plans.map(({ planId }) => planId));
  const gone = previous.plans.filter(({ planId }) => !kept.has(planId));
  return new Set(await unit.plansInUse(gone.map(({ planId }) => planId)));
}
