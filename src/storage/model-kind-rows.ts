import { type Kysely, sql } from "kysely";
import type { Model } from "../domain/pricing/model.ts";

/**
 * Remembers what the models of the newest card make. Beside the cards, because usage is
 * grouped by kind: the kinds of all models that there ever were are one look-up then,
 * rather than the reading of every card. An older card changes nothing that a newer one said.
 */
export async function putModelKinds(
  database: Kysely<unknown>,
  models: readonly Model[],
  rateCardVersion: bigint,
): Promise<void> {
  const known = models.filter(({ kind }) => kind !== undefined);
  const ids = known.map(({ modelId }) => modelId);
  const kinds = known.map(({ kind = "" }) => kind);
  await sql`
    insert into model_kinds (model_id, kind, rate_card_version)
    select m.model_id, m.kind, ${rateCardVersion} from unnest(${ids}::text[], ${kinds}::text[]) as m (model_id, kind)
    on conflict (model_id) do update set kind = excluded.kind, rate_card_version = excluded.rate_card_version
      where model_kinds.rate_card_version < excluded.rate_card_version`.execute(database);
}
