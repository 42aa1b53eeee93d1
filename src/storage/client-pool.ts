import type { Writable } from "node:stream";
import type { Orm } from "./orm.ts";
import type { Answer, Query } from "./sending-database.ts";

/** A connection of node-postgres, as its pool lends it. */
export interface PooledClient {
  /** What fails here, before anything of it is sent, is told before this returns. */
  query<Row>(query: Query, answered: (error: unknown, answer: Answer<Row>) => void): void;
  readonly connection: Readonly<{ stream: Writable }>;
  /** Gives it back; a broken one is thrown away. */
  release(broken: boolean): void;
}

/** The pool that MikroORM keeps. */
export interface ClientPool {
  connect(): Promise<PooledClient>;
}

const pools = new WeakMap<Orm, ClientPool>();

/** Lent once by Kysely, too: it would otherwise not end the pool when the ORM is closed. */
export async function poolOf(orm: Orm): Promise<ClientPool> {
  const known = pools.get(orm);
  if (known !== undefined) return known;
  await orm.em
    .getKysely()
    .connection()
    .execute(async () => undefined);
  const pool: ClientPool = await orm.em.getConnection().getNativeClient();
  pools.set(orm, pool);
  return pool;
}
