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

type Query = Readonly<{ name?: string | undefined; text: string; values?: readonly unknown[] }>;
type Answer<Row> = Readonly<{ rows: Row[]; rowCount: number | null; command: string }>;

/** A connection of node-postgres, as its pool lends it. */
export interface PooledClient {
  query<Row>(query: Query): Promise<Answer<Row>>;
  /** Gives it back; a broken one is thrown away. */
  release(broken: boolean): void;
}

/** The pool that MikroORM keeps. */
export interface ClientPool {
  connect(): Promise<PooledClient>;
}

/**
 * A transaction on one connection, which sends each statement in the moment in which it is asked for. Kysely's
 * own transaction and connection send the next one when the one before is answered: a batch of commands then waits
 * for a dozen round trips, and the server idled half of its time under full load.
 */
export class Pipeline {
  readonly database: Kysely<unknown>;
  readonly #client: PooledClient;
  #ended = false;

  constructor(client: PooledClient) {
    this.#client = client;
    const executor = new PipelineExecutor((query) => this.#send(query));
    this.database = new Kysely<unknown>({
      config: { dialect: DIALECT },
      driver: DRIVER,
      dialect: DIALECT,
      executor,
    });
  }

  begin(): Promise<unknown> {
    return this.#client.query({ text: "begin isolation level read committed" });
  }

  /** PostgreSQL answers without an error where it had to roll back what it was to commit. */
  async commit(): Promise<void> {
    this.#ended = true;
    const { command } = await this.#client.query({ text: "commit" });
    if (command !== "COMMIT") throw new Error(`a commit came to ${command}`);
  }

  async rollback(): Promise<void> {
    this.#ended = true;
    await this.#client.query({ text: "rollback" });
  }

  /** What comes too late would be committed by whoever has the connection next. */
  #send<Row>(query: Query): Promise<Answer<Row>> {
    if (this.#ended) return Promise.reject(new Error("a statement after the end of its transaction"));
    return this.#client.query<Row>(query);
  }
}

const DRIVER = new DummyDriver();
const DIALECT = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => DRIVER,
  createIntrospector: (database: Kysely<unknown>) => new PostgresIntrospector(database),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};

/**
 * Sends before it returns. Kysely's executor awaits its connection first, and the more so while that is new: a
 * look-up would overtake the lock that was asked for before it, and see what was there before the lock was held.
 */
class PipelineExecutor extends DefaultQueryExecutor {
  readonly #send: <Row>(query: Query) => Promise<Answer<Row>>;

  constructor(send: <Row>(query: Query) => Promise<Answer<Row>>) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), {
      provideConnection: () => Promise.reject(new Error("a pipeline lends its connection to nobody")),
    });
    this.#send = send;
  }

  override async executeQuery<Row>({
    sql: text,
    parameters: values,
  }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount } = await this.#send<Row>({ name: nameOf(text), text, values });
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }
}

/** Inserts whose text is not made anew each time are few. */
const NAMES_MAX = 100;
const names = new Map<string, string>();

/**
 * Inserts are prepared: they are long, and whatever is in a table, there is one way to add to it. What looks something
 * up is planned each time, since a plan made while a table was nearly empty would stay bad when it has grown.
 */
function nameOf(text: string): string | undefined {
  if (!text.startsWith("insert into ") || !text.includes("$1")) return undefined;
  const known = names.get(text);
  if (known !== undefined || names.size >= NAMES_MAX) return known;
  const name = `insert ${names.size + 1}`;
  names.set(text, name);
  return name;
}
