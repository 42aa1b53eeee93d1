import { type Kysely, sql } from "kysely";
import type { Catalogue } from "../domain/plans/catalogue.ts";
import { fromJsonCatalogue, toJsonText } from "./plan-json.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";

type CatalogueRow = Readonly<{ version: string; effective_time: string; catalogue: object }>;

/** The request that published a catalogue; the first one comes from a file. */
export type Publication = Readonly<{ requestId: string; fingerprint: string }>;

/** Any number that no other program takes as an advisory lock on this database. */
const CATALOGUE_LOCK = 7_310_579_421_024n;

/**
 * Who decides by the catalogue holds this until it has committed, and looks at the
 * clock after it has it; who publishes waits for all of them, and looks at the clock
 * then. So a new version counts, on every server, for exactly what happens after it.
 */
export async function lockCatalogue(
  database: Kysely<unknown>,
  mode: "to decide" | "to publish",
): Promise<void> {
  const shared = sql.raw(mode === "to decide" ? "_shared" : "");
  await sql`select pg_advisory_xact_lock${shared}(${CATALOGUE_LOCK})`.execute(database);
}

/** The versions after one, in order. They never change, so that what is known needs no second look. */
export async function selectCataloguesAfter(
  database: Kysely<unknown>,
  version: number,
): Promise<readonly Catalogue[]> {
  const { rows } = await sql<CatalogueRow>`
    select version, effective_time, catalogue from catalogues where version > ${version} order by version`.execute(
    database,
  );
  return rows.map(fromRowCatalogue);
}

export async function selectPublication(
  database: Kysely<unknown>,
  requestId: string,
): Promise<Readonly<{ catalogue: Catalogue; fingerprint: string }> | undefined> {
  const { rows } = await sql<CatalogueRow & { fingerprint: Buffer }>`
    select version, effective_time, catalogue, fingerprint from catalogues
    where request_id = ${requestId}::uuid`.execute(database);
  const [row] = rows;
  return row && { catalogue: fromRowCatalogue(row), fingerprint: row.fingerprint.toString("hex") };
}

export async function insertCatalogue(
  database: Kysely<unknown>,
  catalogue: Catalogue,
  publication: Publication | undefined,
): Promise<void> {
  const { version, effectiveTime, ...content } = catalogue;
  await sql`
    insert into catalogues (version, effective_time, request_id, fingerprint, catalogue)
    values (${version}, ${toRowTime(effectiveTime)}, ${publication?.requestId ?? null}::uuid,
      decode(${publication?.fingerprint ?? null}::text, 'hex'), ${toJsonText(content)}::jsonb)`.execute(
    database,
  );
}

/** Which of these plans somebody is on, or will be. */
export async function selectPlansInUse(
  database: Kysely<unknown>,
  planIds: readonly string[],
): Promise<readonly string[]> {
  if (planIds.length === 0) return [];
  const { rows } = await sql<{ p: string }>`
    select k.p from unnest(${planIds}::text[]) as k (p)
    where exists (select from subscriptions where plan_id = k.p and state <> 'ENDED')
       or exists (select from subscriptions where scheduled_plan_id = k.p and state <> 'ENDED')`.execute(
    database,
  );
  return rows.map(({ p }) => p);
}

function fromRowCatalogue({ version, effective_time, catalogue }: CatalogueRow): Catalogue {
  return {
    version: Number(version),
    effectiveTime: fromRowTime(effective_time),
    ...fromJsonCatalogue(catalogue),
  };
}
