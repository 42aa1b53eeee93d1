import { createSession } from "../src/storage/embedded/session.ts";

/** Where a database stands with what it writes; all but the log is of this database alone. */
type Marks = Readonly<{
  logBytes: number;
  indexBytes: number;
  transactions: number;
  missed: number;
  found: number;
}>;

/** What it costs to write: log, and what an index grows by and reads from outside of PostgreSQL's own memory. */
export class WriteCost {
  readonly #url: string;
  readonly #index: string;
  readonly #before: Marks;
  #logBytes = 0;

  private constructor(url: string, index: string, before: Marks) {
    this.#url = url;
    this.#index = index;
    this.#before = before;
  }

  static async begin(url: string, index: string): Promise<WriteCost> {
    return new WriteCost(url, index, await readMarks(url, index));
  }

  /** Counts the log that is written meanwhile, which others would write into as well. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const before = await readMarks(this.#url, this.#index);
    const result = await work();
    this.#logBytes += (await readMarks(this.#url, this.#index)).logBytes - before.logBytes;
    return result;
  }

  async text(): Promise<string> {
    const after = await readMarks(this.#url, this.#index);
    const before = this.#before;
    const count = Math.max(after.transactions - before.transactions, 1);
    const each = (value: number): string => (value / count).toFixed(1);
    return [
      `${each(this.#logBytes)} bytes of log a transaction (of ${count})`,
      `${this.#index} grew by ${each(after.indexBytes - before.indexBytes)} bytes a transaction, to ${after.indexBytes}`,
      `${each(after.missed - before.missed)} of its pages read from outside a transaction, ` +
        `${each(after.found - before.found)} found in memory`,
    ].join("; ");
  }
}

async function readMarks(url: string, index: string): Promise<Marks> {
  const session = createSession({ connectionString: url });
  await session.connect();
  try {
    const { rows } = await session.query<Record<keyof Marks, string>>(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as "logBytes",
        pg_relation_size($1::regclass) as "indexBytes",
        (select sum(version) from accounts) as transactions,
        coalesce(idx_blks_read, 0) as missed, coalesce(idx_blks_hit, 0) as found
      from pg_statio_user_indexes where indexrelid = $1::regclass`,
      [index],
    );
    const [row] = rows;
    if (!row) throw new Error(`there is no index ${index}`);
    const marks = Object.entries(row).map(([name, value]) => [name, Number(value)]);
    return Object.fromEntries(marks) as Marks;
  } finally {
    await session.end();
  }
}
