import type { EntityManager } from "@mikro-orm/postgresql";
import type { Orm } from "./orm.ts";

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
