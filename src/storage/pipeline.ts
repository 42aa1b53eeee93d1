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

type Query = Readonly<{ name?: string | undefined; text: string; values: readonly unknown[] }>;

/** A connection of node-postgres, as its pool lends it. */
export interface PooledClient {
  query<Row>(query: Query): Promise<Readonly<{ rows: Row[]; rowCount: number | null }>>;
  /** Gives it back; a broken one is thrown away. */
  release(broken: boolean): void;
}

/** The pool that MikroORM keeps. */
export interface ClientPool {
  connect(): Promise<PooledClient>;
}

const pipelines = new WeakMap<PooledClient, Kysely<unknown>>();

/**
 * Kysely over one connection, which sends each statement in the moment in which it is asked for. Kysely's
 * own transaction and connection send the next one when the one before is answered: a batch of commands then waits
 * for a dozen round trips, and the server idles a third of its time under full load.
 */
export function pipelineOf(client: PooledClient): Kysely<unknown> {
  const known = pipelines.get(client);
  if (known !== undefined) return known;
  const dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database: Kysely<unknown>) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  const executor = new PipelineExecutor(client);
  const pipeline = new Kysely<unknown>({ config: { dialect }, driver: new DummyDriver(), dialect, executor });
  pipelines.set(client, pipeline);
  return pipeline;
}

/**
 * Sends before it returns. Kysely's executor awaits its connection first, and the more so while that is new: a
 * look-up would overtake the lock that was asked for before it, and see what was there before the lock was held.
 */
class PipelineExecutor extends DefaultQueryExecutor {
  readonly #client: PooledClient;

  constructor(client: PooledClient) {
    super(new PostgresQueryCompiler(), new PostgresAdapter(), {
      provideConnection: () => Promise.reject(new Error("a pipeline lends its connection to nobody")),
    });
    this.#client = client;
  }

  override async executeQuery<Row>({
    sql: text,
    parameters: values,
  }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount } = await this.#client.query<Row>({ name: nameOf(text), text, values });
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
