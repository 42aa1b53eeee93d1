import { type Kysely, sql } from "kysely";
import type { RateCard } from "../domain/pricing/model.ts";
import type { RateCardVersion } from "../domain/pricing/rate-card-book.ts";
import type { Time } from "../domain/time.ts";
import { inTransaction } from "./database-transaction.ts";
import { putModelKinds } from "./model-kind-rows.ts";
import type { Orm } from "./orm.ts";
import { fromRowRateCard, toRowRateCard } from "./rate-card-text.ts";
import { fromRowTime, toRowTime } from "./timestamp.ts";

/** A rate card to be published. Without a request it is the first one, of a database that has none. */
export type Publication = Readonly<{
  card: RateCard;
  /** Undefined: at once. */
  effectiveTime: Time | undefined;
  publisher: string;
  request: Readonly<{ requestId: string; fingerprint: string }> | undefined;
}>;

export type PublicationOutcome =
  | Readonly<{ outcome: "published" | "replayed" | "reused"; version: RateCardVersion }>
  | Readonly<{ outcome: "passed"; now: Time }>
  /** The database has one already. */
  | Readonly<{ outcome: "not first" }>;

type VersionRow = Readonly<{
  version: string;
  effective_time: string;
  publish_time: string;
  publisher: string;
  title: string;
  model_count: number;
}>;

/** Any number that no other program takes as an advisory lock on this database. */
const RATE_CARDS_LOCK = 7_310_579_421_025n;

const VERSION_COLUMNS = sql.raw("version, effective_time, publish_time, publisher, title, model_count");

/**
 * Keeps rate cards from being published until the transaction ends, so that its clock and the cards that it sees
 * agree: whatever takes effect after this was published after it (R-PRICE-1). Returns the newest version then.
 */
export async function holdRateCards(database: Kysely<unknown>): Promise<bigint> {
  await sql`select pg_advisory_xact_lock_shared(${RATE_CARDS_LOCK})`.execute(database);
  // A statement of its own: one that waited for the lock would see the cards as they were before.
  return (await selectNewest(database)).version;
}

/** The published rate cards. They never change, so what was read once is as good as read again. */
export class RateCardStore {
  readonly #orm: Orm;

  constructor(orm: Orm) {
    this.#orm = orm;
  }

  /** The newest version, which is also how many there are, and the database's clock. */
  newest(): Promise<Readonly<{ version: bigint; now: Time }>> {
    return selectNewest(this.#database);
  }

  async versionsAfter(version: bigint): Promise<readonly RateCardVersion[]> {
    const { rows } = await sql<VersionRow>`
      select ${VERSION_COLUMNS} from rate_cards where version > ${version} order by version`.execute(
      this.#database,
    );
    return rows.map(fromRowVersion);
  }

  async content(version: bigint): Promise<RateCard> {
    const { rows } = await sql<{ content: string }>`
      select content from rate_cards where version = ${version}`.execute(this.#database);
    const [row] = rows;
    if (row === undefined) throw new Error(`there is no rate card ${version}`);
    return fromRowRateCard(row.content);
  }

  /** Versions have no gaps, and a version's effective time is not before the moment at which others can see it. */
  publish(publication: Publication): Promise<PublicationOutcome> {
    const { card, request } = publication;
    // Before the lock, for which others wait.
    const content = toRowRateCard(card);
    return inTransaction(this.#orm, "write", async (em) => {
      const database = em.getKysely<unknown>();
      await sql`select pg_advisory_xact_lock(${RATE_CARDS_LOCK})`.execute(database);
      const { version: newest, now } = await selectNewest(database);
      if (request === undefined && newest > 0n) return { outcome: "not first" };
      const earlier = request && (await selectFirstUse(database, request));
      if (earlier !== undefined) return earlier;
      const effectiveTime = publication.effectiveTime ?? now;
      if (effectiveTime < now) return { outcome: "passed", now };
      const version: RateCardVersion = {
        version: newest + 1n,
        effectiveTime,
        publishTime: now,
        publisher: publication.publisher,
        title: card.title,
        modelCount: card.models.length,
      };
      await insertVersion(database, version, request, content);
      await putModelKinds(database, card.models, version.version);
      return { outcome: "published", version };
    });
  }

  get #database(): Kysely<unknown> {
    return this.#orm.em.fork().getKysely<unknown>();
  }
}

async function selectNewest(database: Kysely<unknown>): Promise<Readonly<{ version: bigint; now: Time }>> {
  const { rows } = await sql<{ version: string; now: string }>`
    select coalesce((select max(version) from rate_cards), 0) as version, clock_timestamp() as now`.execute(
    database,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("the database has no clock");
  return { version: BigInt(row.version), now: fromRowTime(row.now) };
}

/** What the request did before (R-REQ-1, R-REQ-2). */
async function selectFirstUse(
  database: Kysely<unknown>,
  { requestId, fingerprint }: NonNullable<Publication["request"]>,
): Promise<PublicationOutcome | undefined> {
  const { rows } = await sql<VersionRow & { fingerprint: Buffer }>`
    select ${VERSION_COLUMNS}, fingerprint from rate_cards where request_id = ${requestId}`.execute(database);
  const [row] = rows;
  if (row === undefined) return undefined;
  const isSame = row.fingerprint.toString("hex") === fingerprint;
  return { outcome: isSame ? "replayed" : "reused", version: fromRowVersion(row) };
}

/** Writes a version as it is given; `publish` is what numbers and times it. */
export async function insertVersion(
  database: Kysely<unknown>,
  { version, effectiveTime, publishTime, publisher, title, modelCount }: RateCardVersion,
  request: Publication["request"],
  content: string,
): Promise<void> {
  const fingerprint = request ? Buffer.from(request.fingerprint, "hex") : null;
  await sql`
    insert into rate_cards (${VERSION_COLUMNS}, request_id, fingerprint, content)
    values (${version}, ${toRowTime(effectiveTime)}, ${toRowTime(publishTime)}, ${publisher}, ${title},
      ${modelCount}, ${request?.requestId ?? null}, ${fingerprint}, ${content})`.execute(database);
}

function fromRowVersion(row: VersionRow): RateCardVersion {
  return {
    version: BigInt(row.version),
    effectiveTime: fromRowTime(row.effective_time),
    publishTime: fromRowTime(row.publish_time),
    publisher: row.publisher,
    title: row.title,
    modelCount: row.model_count,
  };
}
