import { type Kysely, sql } from "kysely";
import type { Model } from "../domain/pricing/model.ts";
import { inTransaction } from "./database-transaction.ts";
import type { Orm } from "./orm.ts";

/** What a model makes, and the newest rate card that says so. */
export type ModelKind = Readonly<{ kind: string; rateCardVersion: bigint }>;

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

/** The kinds of all models, by their ids, and the newest rate card at that moment; 0 without any. */
export function readModelKinds(
  orm: Orm,
): Promise<Readonly<{ kinds: ReadonlyMap<string, ModelKind>; newest: bigint }>> {
  return inTransaction(orm, "snapshot", async (em) => {
    const database = em.getKysely<unknown>();
    const cards = await sql<{ newest: string }>`
      select coalesce(max(version), 0) as newest from rate_cards`.execute(database);
    const { rows } = await sql<{ model_id: string; kind: string; rate_card_version: string }>`
      select model_id, kind, rate_card_version from model_kinds order by model_id`.execute(database);
    const kinds = rows.map(
      (row) => [row.model_id, { kind: row.kind, rateCardVersion: BigInt(row.rate_card_version) }] as const,
    );
    return { kinds: new Map(kinds), newest: BigInt(cards.rows[0]?.newest ?? 0) };
  });
}
