import {
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** What an export knew of its file when it wrote last. */
type Mark = Readonly<{ resumeToken: string; bytes: number; scope: string }>;

/** Where lines go: what is written is taken before more is asked for. */
export interface ExportTarget {
  /** Where to go on; empty: from the beginning, with a header if the format has one. */
  readonly resumeToken: string;
  write(text: string, resumeToken: string): Promise<void>;
  end(): Promise<void>;
}

export type FileOptions = Readonly<{ path: string; resume: boolean; scope: string }>;

/**
 * A file with a mark beside it that tells up to which byte which token has brought it:
 * what was written after the mark, when a process was killed, is cut off.
 */
export class ExportFile implements ExportTarget {
  readonly resumeToken: string;
  readonly #markPath: string;
  readonly #scope: string;
  readonly #stream: Writable;
  #bytes: number;

  /** Throws where the file is there already, or where there is nothing to resume. */
  constructor({ path, resume, scope }: FileOptions) {
    this.#markPath = `${path}.resume`;
    this.#scope = scope;
    const mark = resume ? readMark(this.#markPath) : undefined;
    if (mark && mark.scope !== scope)
      throw new Error(
        `${path} is an export of ${mark.scope || "all organizations"}, not of ${scope || "all"}.`,
      );
    if (!resume && existsSync(path))
      throw new Error(`${path} is there already. With --resume it is gone on with.`);
    if (mark) truncateSync(path, mark.bytes);
    this.resumeToken = mark?.resumeToken ?? "";
    this.#bytes = mark?.bytes ?? 0;
    this.#stream = createWriteStream(path, { flags: mark ? "a" : "wx" });
  }

  async write(text: string, resumeToken: string): Promise<void> {
    await written(this.#stream, text);
    this.#bytes += Buffer.byteLength(text);
    const mark: Mark = { resumeToken, bytes: this.#bytes, scope: this.#scope };
    // Renamed into place: a mark is whole, or the one before it.
    writeFileSync(`${this.#markPath}.new`, JSON.stringify(mark));
    renameSync(`${this.#markPath}.new`, this.#markPath);
  }

  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
    // A pass over all organizations is over; one organization's goes on with what comes.
    if (this.#scope === "") rmSync(this.#markPath, { force: true });
  }
}

export class StandardOutput implements ExportTarget {
  readonly resumeToken = "";

  write(text: string): Promise<void> {
    return written(process.stdout, text);
  }

  async end(): Promise<void> {}
}

function written(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function readMark(path: string): Mark {
  if (!existsSync(path)) throw new Error(`There is nothing to resume: ${path} is not there.`);
  return JSON.parse(readFileSync(path, "utf8")) as Mark;
}
