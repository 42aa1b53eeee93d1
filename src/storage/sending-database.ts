import {
  type CompiledQuery,
  DefaultQueryExecutor,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type { StatementNames } from "./statement-names.ts";

export type Query = Readonly<{ name?: string | undefined; text: string; values?: readonly unknown[] }>;
export type Answer<Row> = Readonly<{ rows: Row[]; rowCount: number | null; command: string }>;
export type Send = <Row>(query: Query) => Promise<Answer<Row>>;

const DRIVER = new DummyDriver();
const DIALECT = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => DRIVER,
  createIntrospector: (database: Kysely<unknown>) => new PostgresIntrospector(database),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};

/** A database whose statements go by `send`, those with a name to be prepared. */
export function sendingDatabase(names: StatementNames, send: Send): Kysely<unknown> {
  const executor = new SendingExecutor(names, send);
  return new Kysely<unknown>({ config: { dialect: DIALECT }, driver: DRIVER, dialect: DIALECT, executor });
}

export function toQuery(names: StatementNames, statement: CompiledQuery): Query {
  return { name: names.nameOf(statement), text: statement.sql, values: statement.parameters };
}

/**
 * Sends before it returns. Kysely's executor awaits its connection first, and the more so while that is new: a
 * look-up would overtake the lock that was asked for before it, and see what was there before the lock was held.
 */
class SendingExecutor extends DefaultQueryExecutor {
  readonly #names: StatementNames;
  readonly #send: Send;

  constructor(names: StatementNames, send: Send) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), {
      provideConnection: () => Promise.reject(new Error("a connection is lent to nobody")),
    });
    this.#names = names;
    this.#send = send;
  }

  override async executeQuery<Row>(statement: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount } = await this.#send<Row>(toQuery(this.#names, statement));
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }
}
