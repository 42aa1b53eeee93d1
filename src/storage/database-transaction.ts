import type { EntityManager } from "@mikro-orm/postgresql";
import { poolOf } from "./client-pool.ts";
import type { Orm } from "./orm.ts";
import { Pipeline } from "./pipeline.ts";

/** Where a transaction may write; `snapshot` only reads, and sees the database as it was at its start. */
export type Access = "write" | "snapshot";

/**
 * Runs work in a database transaction and one unit of work of MikroORM's, and commits
 * both; nothing is changed where the work throws.
 *
 * Kysely's transaction carries it rather than `em.transactional`: that one gives a
 * connection back by commit or rollback alone, so each connection that is lost
 * inside a transaction would be missing from the pool for ever. It would also be
 * found by whatever the work calls, as the transaction of every other ORM.
 */
export function inTransaction<T>(
  orm: Orm,
  access: Access,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  const em = orm.em.fork();
  const transaction = em.getKysely<unknown>().transaction();
  const begun =
    access === "snapshot"
      ? transaction.setIsolationLevel("repeatable read").setAccessMode("read only")
      : transaction.setIsolationLevel("read committed");
  return begun.execute(async (context) => {
    em.setTransactionContext(context);
    const result = await work(em);
    await em.flush();
    return result;
  });
}

/**
 * The same for the lanes, whose statements do not wait for each other's answers. `begun` resolves once the
 * transaction is begun: to be awaited before what is decided is written.
 */
export async function inPipeline<T>(
  orm: Orm,
  work: (em: EntityManager, begun: Promise<unknown>) => Promise<T>,
): Promise<T> {
  const em = orm.em.fork();
  const client = await (await poolOf(orm)).connect();
  const pipeline = new Pipeline(client);
  em.setTransactionContext(pipeline.database);
  try {
    const begun = pipeline.begin();
    const [result] = await allOf([work(em, begun), begun]);
    await pipeline.commit();
    client.release(false);
    return result;
  } catch (error) {
    const cause = pipeline.causeOf(error);
    await pipeline.rollback().then(
      () => client.release(pipeline.spoiled),
      () => client.release(true),
    );
    throw cause;
  }
}

const FAILED_TRANSACTION = "25P02";

/**
 * What all of these come to, once all have ended: where one fails, none of the others may send another statement
 * after the rollback, when it would be a transaction of its own. What is behind a statement that failed fails because
 * of it, which is no cause.
 */
export async function allOf<const Work extends readonly unknown[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  const ended = await Promise.allSettled(work);
  const failures = ended.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  if (failures.length > 0)
    throw failures.find((failure) => failure?.code !== FAILED_TRANSACTION) ?? failures[0];
  return Promise.all(work);
}
