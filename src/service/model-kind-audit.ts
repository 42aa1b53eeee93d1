import type { Discrepancy } from "../domain/ledger/discrepancy.ts";
import { databaseFaultOf } from "../storage/database-fault.ts";
import { type ModelKind, readModelKinds } from "../storage/model-kind-rows.ts";
import type { Orm } from "../storage/orm.ts";
import { RateCardStore } from "../storage/rate-card-store.ts";

/** So many are named; nobody reads more. */
const DISCREPANCIES_MAX = 1_000;

/** The kind of each model is what the newest rate card that has the model says (R-HIST-3); one card is in memory at a time. */
export async function modelKindDiscrepancies(orm: Orm, signal: AbortSignal): Promise<readonly Discrepancy[]> {
  const { kinds, newest } = await readModelKinds(orm);
  const expected = await kindsOfCards(new RateCardStore(orm), newest, signal);
  if ("place" in expected) return [expected];
  const found: Discrepancy[] = [];
  for (const modelId of new Set([...expected.kinds.keys(), ...kinds.keys()])) {
    const [ours, stored] = [textOf(expected.kinds.get(modelId)), textOf(kinds.get(modelId))];
    if (ours === stored || found.length === DISCREPANCIES_MAX) continue;
    found.push({ organizationId: "", place: `kind of model ${modelId}`, expected: ours, found: stored });
  }
  return found;
}

/** Or the card that can't be read. */
async function kindsOfCards(
  cards: RateCardStore,
  newest: bigint,
  signal: AbortSignal,
): Promise<Readonly<{ kinds: ReadonlyMap<string, ModelKind> }> | Discrepancy> {
  const kinds = new Map<string, ModelKind>();
  for (let version = 1n; version <= newest; version += 1n) {
    signal.throwIfAborted();
    try {
      const { models } = await cards.content(version);
      for (const { modelId, kind } of models)
        if (kind !== undefined) kinds.set(modelId, { kind, rateCardVersion: version });
    } catch (error) {
      if (!(error instanceof Error) || databaseFaultOf(error) !== undefined) throw error;
      const expected = "a rate card that can be read";
      return { organizationId: "", place: `rate card ${version}`, expected, found: error.message };
    }
  }
  return { kinds };
}

function textOf(kind: ModelKind | undefined): string {
  return kind === undefined ? "nothing" : `${kind.kind} of rate card ${kind.rateCardVersion}`;
}
