import { createSession, type Session } from "../../src/storage/embedded/session.ts";
import { type CopyColumn, copyLine } from "./copy-text.ts";

/** node-postgres' connection, as far as a COPY needs it. */
type Connection = Readonly<{
  query: (text: string) => void;
  sendCopyFromChunk: (chunk: Buffer) => void;
  endCopyFrom: () => void;
  stream: Readonly<{
    writableNeedDrain: boolean;
    once: (event: "drain" | "close", listener: () => void) => void;
  }>;
}>;
type Submitter = Readonly<{ query: (copy: object) => unknown }>;

const CHUNK_LENGTH = 256 * 1_024;

/** `COPY ... FROM STDIN` into one table, by a connection and a transaction of its own, which `end` commits. */
export class CopyIn<Row> {
  readonly #columns: readonly CopyColumn<Row>[];
  readonly #session: Session;
  readonly #begun = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #connection: Connection | undefined;
  #lines: string[] = [];
  #length = 0;
  #failure: Error | undefined;

  private constructor(session: Session, columns: readonly CopyColumn<Row>[]) {
    this.#session = session;
    this.#columns = columns;
    this.#begun.promise.catch(() => undefined);
    this.#done.promise.catch(() => undefined);
    session.on("error", (error: Error) => this.#fail(error));
  }

  static async open<Row>(
    url: string,
    table: string,
    columns: readonly CopyColumn<Row>[],
  ): Promise<CopyIn<Row>> {
    const session = createSession({ connectionString: url });
    await session.connect();
    const copy = new CopyIn(session, columns);
    const names = columns.map(({ name }) => `"${name}"`).join(", ");
    copy.#submit(`copy ${table} (${names}) from stdin`);
    await copy.#begun.promise;
    return copy;
  }

  /** Resolves when there is room for more. */
  async write(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      const line = copyLine(this.#columns, row);
      this.#lines.push(line);
      this.#length += line.length;
    }
    if (this.#length >= CHUNK_LENGTH) await this.#send();
  }

  /** Sends the rest and commits. */
  async end(): Promise<void> {
    await this.#send();
    this.#connection?.endCopyFrom();
    await this.#done.promise.finally(() => this.#session.end());
  }

  async #send(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const connection = this.#connection;
    if (this.#length === 0 || !connection) return;
    connection.sendCopyFromChunk(Buffer.from(this.#lines.join("")));
    this.#lines = [];
    this.#length = 0;
    const { stream } = connection;
    if (!stream.writableNeedDrain) return;
    const drained = new Promise<void>((resolve) => stream.once("drain", resolve));
    await Promise.race([drained, this.#done.promise]);
  }

  /** node-postgres runs whatever can submit itself; these are the answers that a COPY gets. */
  #submit(text: string): void {
    (this.#session as unknown as Submitter).query({
      submit: (connection: Connection) => {
        this.#connection = connection;
        connection.query(text);
      },
      handleCopyInResponse: () => this.#begun.resolve(),
      handleError: (error: Error) => this.#fail(error),
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => this.#done.resolve(),
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#begun.reject(error);
    this.#done.reject(error);
  }
}
