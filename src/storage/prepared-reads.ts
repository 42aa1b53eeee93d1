import type { Kysely } from "kysely";
import { type PooledClient, poolOf } from "./client-pool.ts";
import { isStale } from "./database-fault.ts";
import type { Orm } from "./orm.ts";
import { isPlannedAnew } from "./plan-age.ts";
import { type Answer, type Query, sendingDatabase } from "./sending-database.ts";
import { StatementNames } from "./statement-names.ts";

const names = new StatementNames("read");
const databases = new WeakMap<Orm, Kysely<unknown>>();

/**
 * For reads that are asked often, each a statement of its own: a connection prepares their texts once. That of an
 * account took 0.45 ms and that of a page's bounds 0.62, most of it to read and plan them; prepared, each takes 0.2.
 */
export function preparedReads(orm: Orm): Kysely<unknown> {
  const known = databases.get(orm) ?? sendingDatabase(names, (query) => ask(orm, query));
  databases.set(orm, known);
  return known;
}

/** What a connection has prepared may be of an older schema: then it is thrown away, and another is asked without, once. */
async function ask<Row>(orm: Orm, query: Query): Promise<Answer<Row>> {
  const client = await (await poolOf(orm)).connect();
  try {
    const answer = await send<Row>(client, query);
    client.release(false);
    return answer;
  } catch (error) {
    const isPreparedWrongly = query.name !== undefined && isStale(error);
    client.release(isPreparedWrongly || !isOfStatement(error));
    if (!isPreparedWrongly) throw error;
    return await ask(orm, { ...query, name: undefined });
  }
}

async function send<Row>(client: PooledClient, query: Query): Promise<Answer<Row>> {
  if (query.name !== undefined && isPlannedAnew(client))
    client.query({ text: "discard plans" }, () => undefined);
  return await new Promise((resolve, reject) => {
    client.query<Row>(query, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** Anything else ends the session, or may have left it in the middle of something. */
function isOfStatement(error: unknown): boolean {
  return error instanceof Error && "severity" in error && error.severity === "ERROR";
}
