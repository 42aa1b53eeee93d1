import { createRequire } from "node:module";

/** node-postgres, as far as the baselines use it; the one that MikroORM brings. */
export type Query = Readonly<{ name?: string; text: string; values?: readonly unknown[] }>;
export type QueryResult<Row> = Readonly<{ rows: readonly Row[] }>;
export interface PostgresClient {
  query<Row>(query: Query | string): Promise<QueryResult<Row>>;
  release(error?: boolean): void;
}
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  end(): Promise<void>;
}

type TypeParser = (text: string) => unknown;
type PostgresModule = {
  readonly Pool: new (options: object) => PostgresPool;
  readonly types: { getTypeParser(oid: number, format?: string): TypeParser };
};

const pg = createRequire(import.meta.resolve("@mikro-orm/postgresql"))("pg") as PostgresModule;

const TIMESTAMPTZ_OID = 1184;

/** Times stay text, as a Date would lose their microseconds. */
export function createPool(url: string, connectionsMax: number): PostgresPool {
  return new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    options: "-c timezone=UTC -c datestyle=ISO",
    types: {
      getTypeParser: (oid: number, format?: string) =>
        oid === TIMESTAMPTZ_OID ? (text: string) => text : pg.types.getTypeParser(oid, format),
    },
  });
}
