import type { CompiledQuery, Kysely } from "kysely";
import type { PooledClient } from "./client-pool.ts";
import { CommittedError, isStale } from "./database-fault.ts";
import { isPlannedAnew } from "./plan-age.ts";
import { type Answer, type Query, sendingDatabase, toQuery } from "./sending-database.ts";
import { StatementNames } from "./statement-names.ts";

/** A statement that is made and not sent yet; undefined where it would write nothing. */
export type Write = CompiledQuery | undefined;

/**
 * A transaction on one connection, which sends each statement without waiting for the one before it. Kysely's
 * own transaction and connection send the next one when the one before is answered: a batch of commands then waits
 * for a dozen round trips, and the server idled half of its time under full load.
 */
export class Pipeline {
  readonly database: Kysely<unknown>;
  readonly #client: PooledClient;
  /** Of the first statement that failed, here or there; those behind it fail because of it. */
  #failure: unknown;
  /** Of a statement that was asked for behind the end. */
  #lateness: unknown;
  #spoiled = false;
  #ended = false;
  #gathering = false;

  constructor(client: PooledClient) {
    this.#client = client;
    this.database = sendingDatabase(names, (query) => this.#send(query));
    pipelines.set(this.database, this);
  }

  /**
   * Whether nobody may have the connection again: what it has prepared would fail each time. node-postgres forgets that it
   * closed a statement whose parameters it could not write, too.
   */
  get spoiled(): boolean {
    return this.#spoiled;
  }

  async begin(): Promise<void> {
    this.#gather();
    const planning = isPlannedAnew(this.#client) ? this.#ask({ text: "discard plans" }) : undefined;
    const begun = this.#ask({ text: "begin isolation level read committed" });
    await Promise.all([planning, begun]);
  }

  /**
   * Goes behind all that was asked for, answered or not: where any of it fails, nothing is committed. PostgreSQL answers
   * without an error where it had to roll back what it was to commit; what failed here it never heard of, and would commit
   * the rest.
   */
  async commit(): Promise<void> {
    this.#ended = true;
    if (this.#failure !== undefined) throw this.#failure;
    this.#gather();
    const { command } = await this.#ask({ text: "commit" });
    if (command !== "COMMIT") throw new Error(`a commit came to ${command}`);
    const missing = this.#failure ?? this.#lateness;
    if (missing !== undefined) throw new CommittedError(missing);
  }

  /** What an error of the work or the commit comes from: the first failure, which those of the statements behind it hide. */
  causeOf(error: unknown): unknown {
    return error instanceof CommittedError ? error : (this.#failure ?? error);
  }

  /** Their failures are the commit's. */
  write(writes: readonly CompiledQuery[]): void {
    for (const write of writes) this.#send(toQuery(names, write)).catch(() => undefined);
  }

  async rollback(): Promise<void> {
    this.#ended = true;
    await this.#ask({ text: "rollback" });
  }

  /**
   * What is asked for in one go is sent in one packet: each write is a call of the system, and wakes PostgreSQL. What is
   * large goes at once, to be worked at meanwhile.
   */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#client.connection.stream.cork();
    process.nextTick(() => this.#release());
  }

  #release(): void {
    if (this.#gathering) this.#client.connection.stream.uncork();
    this.#gathering = false;
  }

  /** What comes too late would be committed by whoever has the connection next. */
  #send<Row>(query: Query): Promise<Answer<Row>> {
    if (this.#ended) {
      const lateness = new Error("a statement after the end of its transaction");
      this.#lateness ??= lateness;
      return Promise.reject(lateness);
    }
    this.#gather();
    const answered = this.#ask<Row>(query);
    if (this.#client.connection.stream.writableLength > PACKET_BYTES) this.#release();
    return answered;
  }

  /**
   * By callback: what can't be sent is then known before this returns. A promise would tell some turns later, when the
   * commit may be under way.
   */
  #ask<Row>(query: Query): Promise<Answer<Row>> {
    return new Promise((resolve, reject) => {
      let sent = false;
      const fail = (error: unknown): void => {
        this.#failure ??= error;
        this.#spoiled ||= !sent || isStale(error);
        reject(error);
      };
      try {
        this.#client.query<Row>(query, (error, answer) => (error ? fail(error) : resolve(answer)));
        sent = true;
      } catch (error) {
        fail(error);
      }
    });
  }
}

const names = new StatementNames("lane");
const pipelines = new WeakMap<Kysely<unknown>, Pipeline>();

/**
 * Sends writes whose answers nobody needs but for the commit behind them: in a pipeline it is the commit that waits for
 * them, and throws what went wrong with one. They are all made by now; where others can't be made later, nobody asks for the commit.
 */
export async function sendWrites(database: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  const made = writes.filter((write) => write !== undefined);
  const pipeline = pipelines.get(database);
  if (pipeline === undefined) await Promise.all(made.map((write) => database.executeQuery(write)));
  else pipeline.write(made);
}

/** More than this is sent at once: with 256 callers of one organization, 1.04 times the calls as with 16 KB. */
const PACKET_BYTES = 6_144;
