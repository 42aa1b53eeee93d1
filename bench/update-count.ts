import { createSession } from "../src/storage/embedded/session.ts";

type CountRow = Readonly<{ name: string; updates: string; hot: string; dead: string; vacuums: string }>;

/**
 * How PostgreSQL wrote the updates of a time: "hot" is one that needed no new index entries, because the row's page
 * had room and no index is about what changed.
 */
export class UpdateCount {
  readonly #url: string;
  readonly #before: readonly CountRow[];

  private constructor(url: string, before: readonly CountRow[]) {
    this.#url = url;
    this.#before = before;
  }

  static async begin(url: string): Promise<UpdateCount> {
    return new UpdateCount(url, await readCounts(url));
  }

  /** One line for each table that had any since. */
  async notes(): Promise<readonly string[]> {
    const after = await readCounts(this.#url);
    return after.flatMap(({ name, updates, hot, dead, vacuums }) => {
      const before = this.#before.find((row) => row.name === name);
      const count = Number(updates) - Number(before?.updates ?? 0);
      if (count === 0) return [];
      const share = Math.round((100 * (Number(hot) - Number(before?.hot ?? 0))) / count);
      const visits = Number(vacuums) - Number(before?.vacuums ?? 0);
      return [
        `${name}: ${count} updates, ${share} % hot; ${dead} dead rows left after ${visits} autovacuums`,
      ];
    });
  }
}

/** Sessions report their counts when they have been idle for a second, or end; those that end do it at once. */
async function readCounts(url: string): Promise<readonly CountRow[]> {
  const session = createSession({ connectionString: url });
  await session.connect();
  try {
    const { rows } = await session.query<CountRow>(`
      select relname as name, n_tup_upd as updates, n_tup_hot_upd as hot, n_dead_tup as dead,
        autovacuum_count as vacuums
      from pg_stat_user_tables order by relname`);
    return rows;
  } finally {
    await session.end();
  }
}
